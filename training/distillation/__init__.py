"""The parts of `training.distil`: students, teachers, losses, what teachers said on disk."""
