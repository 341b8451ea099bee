"""Inflection: rules, models and tables that make the forms of a lemma."""
