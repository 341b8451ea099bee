"""fairseq's files, written and read without fairseq; `training.fairseq` is the door to them."""
