"""Every cache of the app, divided by what it keeps."""
