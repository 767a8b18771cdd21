"""Scientific charts of plotly."""
