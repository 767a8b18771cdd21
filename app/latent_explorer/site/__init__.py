"""A model as a page that needs no server: static files that decode in the visitor's browser, by the same components as the app's."""
