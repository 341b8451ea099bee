"""Documents: extracted, paired, translated by a project's own examples, in step with a source."""
