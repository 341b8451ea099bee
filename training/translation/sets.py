"""The translations of a run: pairs, a lexicon's entries, back-translated text; which way each goes.

    sets = find_sets(config, keep_out, access)
    for direction in sets[0].ways("both"):
        direction.source, direction.target, direction.texts     # "sw", "en", ((..., ...), ...)

>>> found = TranslationSet("mine", ("sw", "en"), (("Habari", "Hello"),))
>>> [(way.source, way.target, way.texts) for way in found.ways("both")]
[('sw', 'en', (('Habari', 'Hello'),)), ('en', 'sw', (('Hello', 'Habari'),))]
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

from data.access import Access
from data.bitext import Bitext, Texts, find_bitext
from data.contamination import KeepOut
from data.corpus import NOT_STATED
from data.errors import InputError
from data.files import canonical_json, sha256_text
from data.languages import resolve
from data.lexicon.load import licence_of, load_lexicon
from training.pretraining.corpora import split_weight
from training.translation.config import TranslatorConfig

AUTO = "auto"
IN_TEST, COPIES, BLANK = "pair of a test set", "pair of two equal texts", "pair without a letter"


class Way(NamedTuple):
    """Texts of one language with their translations into another.

    Attributes:
        source, target: BCP-47 codes.
        texts: (source, target).
        tagged: whether the sources are a machine's.
    """

    source: str
    target: str
    texts: tuple[Texts, ...]
    tagged: bool = False


@dataclass(frozen=True)
class TranslationSet:
    """Pairs with one origin.

    Attributes:
        name: as it was asked for, without the weight.
        languages: BCP-47 codes of both sides.
        weight: how often an epoch sees the set.
        tagged: back-translated: learned forward only, with a tag in front (Caswell et al. 2019).
        dropped: counts by reason.
    """

    name: str
    languages: tuple[str, str]
    pairs: tuple[Texts, ...] = field(repr=False)
    weight: float = 1.0
    tagged: bool = False
    licence: str = NOT_STATED
    remarks: tuple[str, ...] = ()
    dropped: Counter[str] = field(default_factory=Counter)

    @cached_property
    def sha256(self) -> str:
        """Of both sides."""
        return sha256_text(canonical_json(list(self.pairs)))

    def ways(self, directions: str) -> Iterator[Way]:
        """The set as it is learned: forward, backward or both ways."""
        left, right = self.languages
        if directions != "backward" or self.tagged:
            yield Way(left, right, self.pairs, self.tagged)
        if directions != "forward" and not self.tagged:
            yield Way(right, left, self.turned().pairs)

    def turned(self) -> TranslationSet:
        """The same with the second language first.

        >>> TranslationSet("mine", ("en", "sw"), (("dog", "mbwa"),)).turned().pairs
        (('mbwa', 'dog'),)
        """
        left, right = self.languages
        pairs = tuple((b, a) for a, b in self.pairs)
        return replace(self, languages=(right, left), pairs=pairs)

    def to_json(self) -> dict[str, Any]:
        """What config.json and scores.json say of it."""
        told = {"name": self.name, "languages": "-".join(self.languages), "pairs": len(self.pairs)}
        told |= {"weight": self.weight, "tagged": self.tagged, "licence": self.licence}
        return {**told, "sha256": self.sha256}


def find_sets(
    config: TranslatorConfig, keep_out: KeepOut, access: Access
) -> tuple[TranslationSet, ...]:
    """The pairs and the lexicon of a run, without sentences of test sets.

    Raises:
        InputError: no such set, one without languages or of one language, nothing left of one.
        UnavailableError: a file of the catalog cannot be had.
    """
    check_once((*config.pairs, *config.test, *((config.dev,) if config.dev else ())))
    found = []
    for text in config.pairs:
        name, weight = split_weight(text)
        one = replace(find_set(name, access, skip_bad=config.skip_bad), weight=weight)
        found.append(_trainable(one, keep_out, config.limit))
    if config.lexicon:
        name, weight = split_weight(config.lexicon)
        orders: dict[tuple[str, ...], tuple[str, str]] = {}
        for one in found:  # the first set of two languages says which stands first
            orders.setdefault(tuple(sorted(one.languages)), one.languages)
        for (left, right), order in orders.items():
            entries = _of_lexicon(left, right, name, access)
            if order != entries.languages:
                entries = entries.turned()
            found.append(_trainable(replace(entries, weight=weight), keep_out, None))
    if bad := next((one for one in found if one.weight <= 0), None):
        raise InputError(f"{bad.name}: expected a weight above 0; leave the set out")
    return tuple(found)


def check_once(names: Sequence[str]) -> None:
    """Raise `InputError` for a set that is named twice."""
    counts = Counter(split_weight(name)[0] for name in names)
    if twice := [name for name, number in counts.items() if number > 1]:
        raise InputError(f"{twice[0]}: named twice; a set has one role and one weight")


def find_set(name: str, access: Access, *, skip_bad: bool = False) -> TranslationSet:
    """The pairs of that name with their languages.

    Raises:
        InputError: see `data.bitext.find_bitext`; nothing names the languages; they are one.
    """
    found: Bitext = find_bitext(name, access=access, skip_bad=skip_bad)
    if found.languages is None:
        raise InputError(
            f"{name}: expected files that end in the codes of their languages, such as"
            " news.sw,news.en; rename them"
        )
    left, right = found.languages
    if left == right:
        raise InputError(
            f"{name}: expected two languages, found {left} on both sides; name another pair"
        )
    return TranslationSet(
        name, found.languages, found.pairs, licence=found.licence, remarks=found.remarks
    )


def _trainable(one: TranslationSet, keep_out: KeepOut, limit: int | None) -> TranslationSet:
    """Without pairs of test sets, and pairs that say nothing of a translation."""
    dropped = Counter(one.dropped)
    kept = []
    for pair in one.pairs:
        reason = _reason(pair, keep_out)
        if reason:
            dropped[reason] += 1
        else:
            kept.append(pair)
    if not kept:
        told = ", ".join(f"{number:,} {reason}" for reason, number in dropped.items())
        raise InputError(f"{one.name}: nothing is left to train on ({told}); give other pairs")
    return replace(one, pairs=tuple(kept[:limit]), dropped=dropped)


def _reason(pair: Texts, keep_out: KeepOut) -> str:
    if not all(any(map(str.isalnum, text)) for text in pair):
        return BLANK
    if pair[0] == pair[1]:
        return COPIES
    return IN_TEST if any(map(keep_out.find, pair)) else ""


def _of_lexicon(left: str, right: str, name: str, access: Access) -> TranslationSet:
    """A lexicon's entries as pairs, each once."""
    chosen = None if name == AUTO else name
    lexicon = load_lexicon(resolve(left), resolve(right), name=chosen, access=access)
    pairs = tuple(dict.fromkeys((one.source, one.target) for one in lexicon.entries))
    licence = licence_of(lexicon.name) or NOT_STATED
    return TranslationSet(f"lexicon {lexicon.name}", (left, right), pairs, licence=licence)
