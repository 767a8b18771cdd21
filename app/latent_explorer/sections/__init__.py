"""The sections of the pages, a folder a page. Streamlit runs `views/` anew at every run; what stands here is imported once."""
