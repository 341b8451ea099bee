"""Training: one loop for every model, tokenizers, objectives, pretraining and tagging."""
