"""One row of a test set and its prediction; parts of a test set.

>>> items = items_of([Triple("soma", "V;PST;3;SG", "alisoma")], ["walisoma"])
>>> items[0].right, items[0].distance, features_of(items[0].features)
(False, 1, ('V', 'PST', '3', 'SG'))
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from data.errors import InputError
from data.inflections.tags import Feature, parse
from data.unimorph import Triple
from metrics.labels import levenshtein
from morph.edits import changes
from morph.evaluate.rows import comparable

# Kinds of parts, and the official partition of the shared task of 2022, in its order.
PARTITION, PART_OF_SPEECH, FEATURE, CHANGE = "partition", "part of speech", "feature", "change"
BOTH, LEMMA, FEATURES, NEITHER = "both seen", "lemma seen", "features seen", "neither seen"
PARTITIONS = (BOTH, LEMMA, FEATURES, NEITHER)
NO_PART_OF_SPEECH = "none stated"


@dataclass(frozen=True, slots=True)
class Item:
    """A lemma, features, the gold form and the predicted one, all as they were compared.

    distance: Levenshtein's between the two forms.
    """

    lemma: str
    features: str
    gold: str
    predicted: str
    distance: int

    @property
    def right(self) -> bool:
        """Whether the forms are equal."""
        return self.gold == self.predicted


def items_of(
    gold: Sequence[Triple], predicted: Sequence[str], normalise: bool = False
) -> list[Item]:
    """The items of a test set; `normalise` brings lemma and forms to NFC.

    Raises:
        InputError: no rows, another number of predictions than rows, a row without its form.
    """
    if not gold or len(gold) != len(predicted):
        raise InputError(
            f"expected one predicted form for each gold row, found {len(predicted)} for "
            f"{len(gold)}; predict every row of the test file"
        )
    return [_item(*pair, normalise) for pair in zip(gold, predicted, strict=True)]


def _item(triple: Triple, predicted: str, normalise: bool) -> Item:
    if triple.form is None:
        raise InputError(
            f"gold row {triple.lemma}, {triple.features}: expected a form, found none; give the "
            "file with the forms, not the covered one"
        )
    lemma, form, guess = (
        comparable(text, normalise) for text in (triple.lemma, triple.form, predicted)
    )
    return Item(lemma, triple.features.strip(), form, guess, levenshtein(form, guess))


def parts_of(features: str) -> tuple[str, ...]:
    """The parts of speech of a bundle: one, or `none stated`.

    >>> parts_of("V.PTCP;PST"), parts_of("PST;3;SG")
    (('V.PTCP',), ('none stated',))
    """
    try:
        return (parse(features).part_of_speech or NO_PART_OF_SPEECH,)
    except InputError:
        return (NO_PART_OF_SPEECH,)


def features_of(features: str) -> tuple[str, ...]:
    """The features of a bundle, each once; one in brackets with what holds it.

    >>> features_of("V;PRS;NOM(1,SG);ACC(3,PL)")
    ('V', 'PRS', 'NOM', 'NOM(1)', 'NOM(SG)', 'ACC', 'ACC(3)', 'ACC(PL)')
    >>> features_of("N;DAT(PL;PSS(1,SG))")[-2:]
    ('DAT(PSS(1))', 'DAT(PSS(SG))')
    """
    try:
        bundle = parse(features)
    except InputError:
        return tuple(dict.fromkeys(features.split(";")))
    return tuple(dict.fromkeys(path for one in bundle.features for path in _paths(one)))


def _paths(feature: Feature) -> Iterator[str]:
    yield feature.name
    for inner in feature.inner:
        for path in _paths(inner):
            yield f"{feature.name}({path})"


def where_changed(item: Item) -> str:
    """Where gold changes the lemma, which tells prefixing from suffixing and from the rest.

    >>> [where_changed(Item(lemma, "V", form, form, 0)) for lemma, form in (
    ...     ("soma", "alisoma"), ("walk", "walked"), ("machen", "gemacht"), ("sing", "sang"))]
    ['at the start', 'at the end', 'at both ends', 'inside']
    """
    found = changes(item.lemma, item.gold)
    if not found:
        return "nowhere"
    start, end = found[0].start == 0, found[-1].stop == len(item.lemma)
    if start and end and len(found) == 1:
        return "the whole word"
    if len(found) > start + end:
        return "inside" if not (start or end) else "inside and at an end"
    return "at both ends" if start and end else "at the start" if start else "at the end"


class TrainingOverlap:
    """What stands in the training data: `partition` names the part of a row.

    The rule is that of the official scorer of 2022: a lemma is seen if it stands in training with
    any features, features if the whole bundle stands there with any lemma. Texts are compared as
    they are, stripped.

    >>> overlap = TrainingOverlap([Triple("soma", "V;PST;3;SG", "alisoma")])
    >>> [overlap.partition(*row) for row in (("soma", "V;FUT"), ("pika", "V;PST;3;SG"))]
    ['lemma seen', 'features seen']
    """

    def __init__(self, train: Iterable[Triple]) -> None:
        self.lemmas: set[str] = set()
        self.features: set[str] = set()
        self.pairs: set[tuple[str, str]] = set()
        self.characters: set[str] = set()
        for triple in train:
            lemma, features = triple.lemma.strip(), triple.features.strip()
            self.lemmas.add(lemma)
            self.features.add(features)
            self.pairs.add((lemma, features))
            self.characters.update(lemma, triple.form or "")

    def partition(self, lemma: str, features: str) -> str:
        """The part of the official partition that a row is in."""
        lemma_seen, features_seen = lemma.strip() in self.lemmas, features.strip() in self.features
        if lemma_seen:
            return BOTH if features_seen else LEMMA
        return FEATURES if features_seen else NEITHER

    def repeated(self, gold: Iterable[Triple]) -> int:
        """How many rows ask for what training tells: same lemma, same features."""
        return sum((row.lemma.strip(), row.features.strip()) in self.pairs for row in gold)
