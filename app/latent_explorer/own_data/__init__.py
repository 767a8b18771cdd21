"""A visitor's own data: what they may open by its path, what they upload, and the check of both."""
