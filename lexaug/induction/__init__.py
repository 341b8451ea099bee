"""The parts of lexaug.induce: alignment, extraction, quality."""
