"""Scripts that print a table: speed of training, latency of the app, and the screenshots of the README."""
