"""The parts of `training.loop`: settings, schedules, optimisers, checkpoints, budget, journal."""
