"""The atlas: a page a language that needs no server, written by `python -m app.atlas`."""
