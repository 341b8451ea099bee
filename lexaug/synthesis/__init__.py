"""The parts of lexaug.synthesize: reading, work by blocks, writing, reports."""
