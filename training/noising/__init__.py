"""The parts of `training.objectives`: one file a family of objectives, each a pure function."""
