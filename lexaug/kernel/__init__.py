"""The compiled matcher behind lexaug.compiled."""
