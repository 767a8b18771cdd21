"""Decoding while a pointer moves: the server's route, and the state of the page Live."""
