"""The parts of `training.text`: tokenised corpora, their order, documents cut to length."""
