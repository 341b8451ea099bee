"""The text of `bench.continued`: what is scored, and what is trained on, none of it scored.

    python -m bench.continued_text lafand:train:en english.txt --lines 1500
    python -m bench.continued_text ntrex-128:test:bak ntrex.bak.txt

The first draws lines of 5 to 40 words from a corpus, always the same ones. Of NTREX the second half
is taken, whose documents are not among those that are scored. What holds a sentence of a scored
test set, in any of the languages or in English, is left out.

    python -m bench.continued_text sib200:train:eng_Latn topics.en.txt
    python -m bench.continued_text sib200:train:eng_Latn topics.bam.tsv --said synthetic/bam-labels

These write labelled texts: one a line, and, with what `lexaug.synthesize` made of these lines, that
with the labels.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from bench.continued_plan import LANGUAGES
from data.access import Access
from data.contamination import KeepOut
from data.corpus import Record, find_corpus
from data.files import write_whole
from data.randomness import stream
from data.tsv import write_tsv
from training.classification.labelled import find_texts

SIB, NTREX = "sib200", "ntrex-128"
NTREX_SCORED = 100  # sentences, of 1,997: about two thirds of the text that SIB-200's 204 have
HALF = 1000  # of NTREX's 1,997 sentences, which are of one document after the other
WORDS = range(5, 41)  # of a line that is drawn


def tests_of(language: str) -> dict[str, list[str]]:
    """The sentences that are scored, by the name of their test set."""
    place, access = LANGUAGES[language], Access(offline=True)
    name = f"{SIB}:test:{place.sib}"
    found = {name: [one.text for one in find_texts(name, access=access)[0].texts]}
    if place.ntrex:
        name = f"{NTREX}:test:{place.ntrex}"
        records = find_corpus(name, access=access).records(limit=NTREX_SCORED)
        found[name] = [record.text for record in records]
    return found


def kept_out() -> KeepOut:
    """The sentences that are scored, in all languages and in English."""
    access, keep_out = Access(offline=True), KeepOut()
    for language in LANGUAGES:
        for name, sentences in tests_of(language).items():
            keep_out.add(name, sentences)
    english = f"{SIB}:test:eng_Latn"
    keep_out.add(english, (one.text for one in find_texts(english, access=access)[0].texts))
    records = find_corpus(f"{NTREX}:test:en", access=access).records(limit=NTREX_SCORED)
    keep_out.add(NTREX, (record.text for record in records))
    return keep_out


def texts(name: str, dropped: Counter[str]) -> Iterator[str]:
    """The lines of a corpus that may be trained on; what is left out is counted."""
    corpus = find_corpus(name, access=Access(offline=True))
    records: Iterator[Record] = corpus.records()
    if name.startswith(f"{NTREX}:"):
        records = islice(records, HALF, None)
    for record in kept_out().records(records, dropped):
        yield " ".join(record.text.split())


def drawn(lines: list[str], most: int, name: str) -> list[str]:
    """At most so many of the different lines, those of WORDS words, always the same ones."""
    fitting = sorted({line for line in lines if len(line.split()) in WORDS})
    stream(1, "continued", name).shuffle(fitting)
    return fitting[:most]


def write_labelled(name: str, said: Path | None, out: Path) -> None:
    """Labelled texts as lines; with the folder of what was made of them, those and their labels."""
    found = find_texts(name, access=Access(offline=True))[0].texts
    if said is None:
        write_whole(out, "".join(" ".join(one.text.split()) + "\n" for one in found))
        return
    made = map(json.loads, (said / "text.jsonl").read_text("utf-8").splitlines())
    rows = ((one["text"], found[one["line"] - 1].label) for one in made)
    write_tsv(out, ("text", "label"), rows)


def main() -> None:
    """Write the text."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpus")
    parser.add_argument("out", type=Path)
    parser.add_argument("--said", type=Path, help="a folder of lexaug.synthesize --format jsonl")
    parser.add_argument("--lines", type=int, help="draw so many (default: all, in their order)")
    options = parser.parse_args()
    if options.corpus.startswith(f"{SIB}:"):
        write_labelled(options.corpus, options.said, options.out)
        return
    dropped: Counter[str] = Counter()
    found = list(texts(options.corpus, dropped))
    if options.lines:
        found = drawn(found, options.lines, options.corpus)
    print(f"{options.corpus}: {len(found)} lines; left out: {dict(dropped)}", file=sys.stderr)
    write_whole(options.out, "\n".join(found) + "\n")


if __name__ == "__main__":
    main()
