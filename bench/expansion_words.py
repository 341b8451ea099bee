"""Second table of `bench.expansion`: words that a tagger's training data hold, and all others.

The free baseline, each word's most frequent label, knows nothing of a word that it has not seen.
So the two kinds of words show what a tagger learned from context and spelling.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from statistics import fmean

from bench.expansion_plan import DRAWS, SOURCES, Plan
from data.access import Access
from data.tagged import read_tagged
from training.tagging.labelled import file_name, find_labelled
from training.tagging.scoring import Frequencies

METHOD = "c"
COLUMNS = ("known words, %", "tagger, known", "label, known", "tagger, other", "label, other")


def words(plan: Plan) -> str:
    """Markdown: a row a language that has method c, means over seeds; then over the languages.

    Empty where nothing of it has been run.
    """
    rows = {language: row for language in plan.languages for row in [_row(plan, language)] if row}
    if not rows:
        return ""
    every = [fmean(column) for column in zip(*rows.values(), strict=True)]
    heads = ("language", *COLUMNS)
    lines = [f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}"]
    for name, row in (*rows.items(), (f"mean of {len(rows)}", every)):
        lines.append(f"| {name} | {' | '.join(f'{value:.1f}' for value in row)} |")
    return f"\nMethod {METHOD}, accuracy on words of the training data and on all others:\n\n" + (
        "\n".join(lines) + "\n"
    )


def _row(plan: Plan, language: str) -> list[float] | None:
    """The columns for a language; None where no seed has been run."""
    test = plan.test_of(language)
    runs = [plan.run_of(METHOD, language, seed) for seed in plan.seeds]
    paths = [run / "predictions" / file_name(test) for run in runs]
    if not (there := [path for path in paths if path.exists()]):
        return None
    gold = find_labelled(test, access=Access(offline=True)).sentences
    tokens = [token for one in gold for token in one.tokens]
    tags = [tag for one in gold for tag in one.tags]
    taggers = [
        [tag for one in read_tagged(path, keep_replacement=True) for tag in one.tags]
        for path in there
    ]
    return compared(tokens, tags, taggers, _training(plan, language))


def compared(
    tokens: Sequence[str], tags: Sequence[str], taggers: Sequence[Sequence[str]], free: Frequencies
) -> list[float]:
    """The COLUMNS, each 0-100, of a tagger's seeds beside each word's most frequent label.

    >>> free = Frequencies.of([(("mbwa", "lala"), ("NOUN", "VERB"))])
    >>> compared(["Mbwa", "paka"], ["NOUN", "PROPN"], [["VERB", "PROPN"]], free)
    [50.0, 0.0, 100.0, 100.0, 0.0]
    """
    known = [token.casefold() in free.by_word for token in tokens]
    labels = free.tag([tokens])[0]

    def accuracy(found: Sequence[str], kind: bool) -> float:
        right = [a == b for a, b, which in zip(tags, found, known, strict=True) if which is kind]
        return 100 * sum(right) / max(1, len(right))

    shares = [100 * sum(known) / len(known)]
    for kind in (True, False):
        shares += [fmean(accuracy(found, kind) for found in taggers), accuracy(labels, kind)]
    return shares


def _training(plan: Plan, language: str) -> Frequencies:
    """The labels of what the tagger was trained on."""
    made = [str(plan.out / "synthetic" / f"tags-{language}-{n}") for n in range(1, DRAWS + 1)]
    names = (SOURCES[plan.task][0], *made)
    sets = (find_labelled(name, access=Access(offline=True)) for name in names)
    sentences = chain.from_iterable(one.sentences for one in sets)
    return Frequencies.of((one.tokens, one.tags) for one in sentences)
