"""From an analysed English sentence to the target language: words, forms, agreement, order."""
