"""From a bilingual lexicon to text and labels: substitution, inflection, induction, pipelines."""
