"""The one opener of configurations, tokenizers and weights; knows no task."""
