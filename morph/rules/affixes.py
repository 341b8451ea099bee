"""Affix rules: the non-neural baseline of the SIGMORPHON tasks.

After Cotterell et al. 2017, as the organisers' program does it:

    >>> rules = AffixRules({"V;PST": [("walk", "walked"), ("try", "tried"), ("cry", "cried")]})
    >>> rules.predict("fry", "V;PST").form, rules.predict("talk", "V;PST").form
    ('fried', 'talked')

Every pair of a bundle is split into prefix, stem and suffix. Its suffix rules replace the end of
the lemma by the end of the form: the suffix alone, and with ever more of the stem before it, up to
all of it. Its prefix rules replace the prefix, with ever more of the form's stem after it. A lemma
takes the suffix rule that matches most of it; of several results, the most frequent, then the
longest. Then it takes the prefix rule that is most frequent of those that fit. A bundle that was
never seen copies the lemma. If words change more at their beginning than at their end, all of this
is done to reversed words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from morph.edits import Split, split

Pair = tuple[str, str]
Counts = dict[str, dict[str, int]]  # what is replaced -> what comes in its place -> how often


class Affixed(NamedTuple):
    """A form by affix rules.

    rule: the suffix rule, then the prefix rule, as `ry> -> ried>`, `< -> <`; `copy` of an unseen
    bundle. length: how many characters of the lemma the suffix rule matched. support: the number of
    training pairs with that suffix rule, of `among` pairs that have one for this end.
    """

    form: str
    rule: str
    length: int
    support: int
    among: int


class AffixRules:
    """The rules of every bundle, each learned when it is first asked for.

    Args:
        pairs: (lemma, form) by bundle.
        reverse: whether words are reversed; by default `leans_to_prefixes` of all pairs.
    """

    def __init__(self, pairs: Mapping[str, Sequence[Pair]], *, reverse: bool | None = None) -> None:
        self._pairs = pairs
        if reverse is None:
            reverse = leans_to_prefixes(pair for some in pairs.values() for pair in some)
        self.reverse = reverse
        self._rules: dict[str, tuple[Counts, Counts]] = {}

    def predict(self, lemma: str, features: str) -> Affixed:
        """The form by the longest suffix rule and the commonest prefix rule.

        >>> AffixRules({}).predict("soma", "V;PST")
        Affixed(form='soma', rule='copy', length=0, support=0, among=0)
        """
        if features not in self._pairs:
            return Affixed(lemma, "copy", 0, 0, 0)
        suffixes, prefixes = self._of(features)
        word = self._turned(lemma)
        end, new_end, support = _suffix_rule(word, suffixes)
        among = sum(suffixes.get(end, {}).values())
        word = word[: len(word) - len(end)] + new_end
        start, new_start = _prefix_rule(word, prefixes)
        rule = self._shown(end, new_end, start, new_start)
        form = self._turned(new_start + word[len(start) :])
        return Affixed(form, rule, len(end), support, among)

    def _of(self, features: str) -> tuple[Counts, Counts]:
        """The suffix and prefix rules of a bundle that has been seen."""
        if features not in self._rules:
            suffixes: Counts = {}
            prefixes: Counts = {}
            for lemma, form in self._pairs[features]:
                parts = split(self._turned(lemma), self._turned(form), contiguous=False)
                _count(suffixes, suffix_rules(parts))
                _count(prefixes, prefix_rules(parts))
            self._rules[features] = suffixes, prefixes
        return self._rules[features]

    def _turned(self, word: str) -> str:
        return word[::-1] if self.reverse else word

    def _shown(self, end: str, new_end: str, start: str, new_start: str) -> str:
        """Both rules as they are in the word that is not reversed."""
        if self.reverse:
            end, new_end, start, new_start = (w[::-1] for w in (start, new_start, end, new_end))
        return f"{end}> -> {new_end}>, <{start} -> <{new_start}"


def suffix_rules(parts: Split) -> list[Pair]:
    """(end of the lemma, end of the form), from nothing to all but the prefix.

    >>> from morph.edits import split
    >>> suffix_rules(split("try", "tried"))
    [('', ''), ('', 'd'), ('', 'ed'), ('y', 'ied'), ('ry', 'ried'), ('try', 'tried')]
    """
    source, target = parts.suffix
    places = range(max(len(source), len(target)), -1, -1)
    found = [(source[place:], target[place:]) for place in places]
    for edit in reversed(parts.stem):
        source, target = edit.source + source, edit.target + target
        found.append((source, target))
    return list(dict.fromkeys(found))


def prefix_rules(parts: Split) -> list[Pair]:
    """(beginning of the lemma, of the form), with ever more of the form's stem.

    >>> from morph.edits import split
    >>> prefix_rules(split("soma", "alisoma"))[:3]
    [('', 'ali'), ('s', 'alis'), ('so', 'aliso')]
    """
    stems = [""]
    for edit in parts.stem[:-1]:
        stems.append(stems[-1] + edit.target)
    source, target = parts.prefix
    return [(source + stem, target + stem) for stem in dict.fromkeys(stems if parts.stem else ())]


def leans_to_prefixes(pairs: Iterable[Pair]) -> bool:
    """Whether lemma and form differ more at the beginning than at the end, over all pairs.

    Each pair is laid over one another without gaps where most characters are the same; what stands
    out at either side is counted. Words with a space or hyphen are left out.

    >>> leans_to_prefixes([("soma", "alisoma"), ("piga", "hapigi")])
    True
    """
    before = after = 0
    for lemma, form in pairs:
        if not any(mark in word for mark in " -" for word in (lemma, form)):
            shift = _best_shift(lemma, form)
            before += abs(shift)
            after += abs(shift + len(lemma) - len(form))
    return before > after


def _best_shift(lemma: str, form: str) -> int:
    """Where in the form the lemma begins, so that they overlap and agree most; the first such."""
    best, best_score = -len(lemma), 0
    for shift in range(-len(lemma), len(form) + 1):
        start, stop = max(0, shift), min(len(form), shift + len(lemma))
        if stop > start:
            same = zip(lemma[start - shift : stop - shift], form[start:stop], strict=True)
            score = stop - start + sum(one == other for one, other in same)
            if score > best_score:
                best, best_score = shift, score
    return best


def _count(counts: Counts, rules: Iterable[Pair]) -> None:
    for old, new in rules:
        results = counts.setdefault(old, {})
        results[new] = results.get(new, 0) + 1


def _suffix_rule(word: str, rules: Counts) -> tuple[str, str, int]:
    """(end, new end, how often) of the longest end of the word that has a rule."""
    for place in range(len(word) + 1):
        results = rules.get(word[place:])
        if results:
            new, support = max(results.items(), key=lambda item: (item[1], len(item[0])))
            return word[place:], new, support
    return "", "", 0


def _prefix_rule(word: str, rules: Counts) -> Pair:
    """(beginning, new beginning): the most frequent that fits, of equals the longest."""
    fitting = (
        (support, len(old), old, new)
        for old in (word[:stop] for stop in range(len(word) + 1))
        for new, support in rules.get(old, {}).items()
    )
    best = max(fitting, key=lambda one: one[:2], default=(0, 0, "", ""))
    return best[2], best[3]
