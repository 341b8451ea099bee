"""The parts of data.unimorph: the schema, bundles as trees, a language's tables."""
