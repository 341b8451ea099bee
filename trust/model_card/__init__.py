"""One page a model: what was measured of it, gathered from run folders, a column a language."""
