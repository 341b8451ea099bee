"""The parts of data.lexicon: entries, files of many forms, filters, merge, coverage."""
