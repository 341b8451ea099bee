"""Ground: scores that carry range, signature, n and interval. Knows no model.

score.py              Score: a figure with its interval, n and signature
translation.py        BLEU, chrF++, TER, spBLEU and rates, over statistics kept per segment
sacrebleu_metrics.py  the one place that touches sacrebleu
writing.py            how BLEU cuts a target language into tokens
rates.py              copy rate, empty rate
language_id.py        the share of outputs in the language that was asked for
direction.py          whether higher is better, by the name of a metric
significance.py       bootstrap intervals and paired tests over stored statistics
"""
