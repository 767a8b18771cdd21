"""A checkpoint on paper: a report for a supplement, and the card of a model on a hub. Everything in them is read or decoded from it."""
