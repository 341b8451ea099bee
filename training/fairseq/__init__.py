"""Data for fairseq, and what it generated read back: python -m training.fairseq

    python -m training.fairseq prepare --objective translation --source en --target sw \\
        --train train.en train.sw --valid dev.en dev.sw --test test.en test.sw --out runs/en-sw
    python -m training.fairseq prepare --objective mlm --units characters \\
        --train swahili.txt --valid held_out.txt --out runs/mlm
    python -m training.fairseq read --generated generated.txt --out hypotheses.jsonl

`prepare` writes dictionaries and text in numbers that `fairseq-train` opens, byte for byte those
that `fairseq-preprocess` would write, and prints the commands that come next. Text has a sentence a
line, for mlm and denoising with a blank line between documents; pairs are two files, or one .tsv
with the languages' names in its first line. `read` writes a JSON line a sentence, in the order of
the input, or, to a .txt, the best hypothesis of each. fairseq itself is needed for neither.

From Python: `prepare` for files; `prepare_texts` and `prepare_pairs` for sentences at hand;
`read_generated`; and `run_fairseq`, which runs one of its programs in a process of its own.
"""

from __future__ import annotations

from training.fairseq.data import Prepared, Vocabulary, prepare, prepare_pairs, prepare_texts
from training.fairseq.formats import Dictionary, Size, read_binarised, write_binarised
from training.fairseq.generated import Generated, Hypothesis, read_generated, write_generated
from training.fairseq.programs import Commands, interpreter, run_fairseq, shell
from training.fairseq.text import Units, units

__all__ = [
    "Commands",
    "Dictionary",
    "Generated",
    "Hypothesis",
    "Prepared",
    "Size",
    "Units",
    "Vocabulary",
    "interpreter",
    "prepare",
    "prepare_pairs",
    "prepare_texts",
    "read_binarised",
    "read_generated",
    "run_fairseq",
    "shell",
    "units",
    "write_binarised",
    "write_generated",
]
