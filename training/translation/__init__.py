"""The parts of `training.translate`"""
