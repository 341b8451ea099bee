"""The parts of morph.submit: tasks and their files, predictors, checks, the archive."""
