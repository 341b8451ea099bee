"""English, as far as its translation depends on it: words, parts of speech, phrases, subjects."""
