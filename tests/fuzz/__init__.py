"""Hostile files for everything that reads from outside: `python -m tests.fuzz --inputs 100000`."""
