"""The parts of `training.pretrain`: configuration, corpora, models, scores, card, folder."""
