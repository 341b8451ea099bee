"""The parts of `training.tokenizer`: learning, conversion, extension, embeddings, fertility."""
