"""Intents and slots across languages: train, predict, evaluate, hand in; learn from rephrases."""
