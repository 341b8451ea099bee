"""The parts of `training.tag`."""
