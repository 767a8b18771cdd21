"""A visitor's own image: read from a file or drawn, kept for the session, and shown as the model sees it."""
