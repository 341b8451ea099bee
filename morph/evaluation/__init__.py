"""The parts of morph.evaluate: reading, parts of the test set, confusion of edits, the page."""
