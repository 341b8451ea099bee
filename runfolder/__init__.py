"""A run is a folder: identity, lock, resume, records, progress, the base of its page."""
