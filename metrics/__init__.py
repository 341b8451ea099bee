"""Ground: scores that carry range, signature, n and interval. Knows no model.

score.py              Score: a figure with its interval, n and signature; whether higher is better
translation.py        the table of metrics, and scores from statistics kept per segment
sacrebleu_metrics.py  BLEU, chrF++, TER, spBLEU: the one place that touches sacrebleu
rates.py              copy rate, empty rate
external.py           scores that another tool gave, a number a segment
language_id.py        the share of outputs in the language that was asked for
labels.py, tags.py    accuracy, edit distance; F1 of tags and of spans
intents.py            intents and slots as MASSIVE scores them, and repaired; out of scope
ratios.py             ratios of sums with intervals over groups
significance.py       bootstrap intervals over stored statistics; paired.py: paired tests
"""
