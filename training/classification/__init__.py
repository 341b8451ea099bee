"""The parts of `training.classify`."""
