"""Counterfactual flips: does an answer change where women and men change places?

Every text with words of the list is read as it is and with women and men swapped
(`data.word_lists.swap`). A model also wavers where any word gives way to another, so each word is
replaced once more by another of its own side and group (mother by aunt): what flips beyond that is
about women and men. Where the test set says what is right, the accuracy of texts with women in them
stands beside that of the same texts with men.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from data.randomness import stream
from data.word_lists import PRONOUN, Pairs
from data.word_lists.case import case_of, cased
from data.word_lists.swap import FEMALE, Gendered, RoleSwap
from metrics.paired import bootstrap_p
from metrics.ratios import SHARE, ratio_score, wilson_interval
from metrics.score import Score
from metrics.significance import bootstrap_totals, percentile_interval
from trust.fairness.confounds import pieces_a_word
from trust.fairness.figures import EXTRINSIC, Figure

if TYPE_CHECKING:
    from trust.fairness.subject import Subject

RESAMPLES = 1000
FLIPPED, EXCESS, FAVOUR = "flips", "flips beyond other words", "women less men"
FEWEST = 10  # texts


@dataclass(frozen=True, slots=True)
class Turned:
    """A text with words of the list.

    Attributes:
        swapped: women and men changed places.
        control: each word replaced by another of its own side.
        side: which of female and male all its words are on; "" for both.
        place: its number among the texts.
    """

    text: str
    swapped: str
    control: str
    side: str
    place: int


def turned(texts: Sequence[str], pairs: Pairs, seed: int) -> list[Turned]:
    """The texts that a swap changes.

    >>> from data.word_lists import gender_pairs
    >>> [one] = turned(["Call my mother now", "Set an alarm"], gender_pairs("en"), 1)
    >>> one.swapped, one.side, one.control != one.text
    ('Call my father now', 'female', True)
    """
    swap, found = RoleSwap(pairs), []
    for place, text in enumerate(texts):
        made = swap.swap(text)
        if not made.changes:
            continue
        words = [word for word in made.words if word.partner is not None]
        sides = {word.gender for word in words}
        other = _control(text, words, pairs, seed)
        side = next(iter(sides)) if len(sides) == 1 else ""
        found.append(Turned(text, made.text, other, side, place))
    return found


def _control(text: str, words: Sequence[Gendered], pairs: Pairs, seed: int) -> str:
    """Each word replaced by another of its side and group; one without such a word stays.

    Pronouns stay: no other word has their place in a sentence.
    """
    language = pairs.about.language
    pieces, at = [], 0
    for word in words:
        now = text[word.start : word.stop]
        plain, case = cased(now, "lower", language), case_of(now, language) or "lower"
        column = [(p.female if word.gender == FEMALE else p.male, p.group) for p in pairs.rows]
        own = {group for known, group in column if known == plain and group != PRONOUN}
        others = sorted({known for known, group in column if group in own} - {plain})
        draw = stream(seed, "control", text, str(word.start))
        new = cased(draw.choice(others), case, language) if others else now
        pieces += [text[at : word.start], new]
        at = word.stop
    return "".join([*pieces, text[at:]])


def flips(subject: Subject) -> list[Figure]:
    """Flips, flips beyond those of other words, and accuracy of women less men."""
    found = turned(subject.texts, subject.pairs, subject.config.seed)
    if len(found) < FEWEST:
        subject.notes.append(
            f"flips: {len(found)} of {len(subject.texts):,} texts have words of"
            f" {subject.pairs.about.name}; {FEWEST} or more are needed: give others, --texts FILE"
        )
        return []
    plain = subject.answers([one.text for one in found])
    swapped = subject.answers([one.swapped for one in found])
    control = subject.answers([one.control for one in found])
    moved, other = _changed(plain, swapped), _changed(plain, control)
    differs = np.array([one.control != one.text for one in found])
    told = f"pairs:{subject.pairs.about.name}|model:{subject.model.name}@{subject.model.revision}"
    beside: dict[str, float | str] = {
        "texts with such words": len(found),
        "texts": len(subject.texts),
        "pieces a word, as it is": pieces_a_word(subject.tokenizer, [o.text for o in found]),
        "pieces a word, swapped": pieces_a_word(subject.tokenizer, [o.swapped for o in found]),
    }
    code = subject.language.bcp47
    whole = ratio_score(SHARE, FLIPPED, told, [[int(one), 1] for one in moved])
    mean = 100 * float(other[differs].mean()) if differs.any() else 0.0
    null = wilson_interval(int(other[differs].sum()), int(differs.sum())) if differs.any() else None
    made = [Figure("flips", EXTRINSIC, "answers that change", whole, code, null=null, beside=beside,
                   about=f"other words of the same side: {mean:.1f} %")]  # fmt: skip
    if differs.sum() >= FEWEST:
        both = moved[differs].astype(float) - other[differs].astype(float)
        score, p = _mean_difference(EXCESS, both, told, subject.config.seed)
        about = "0 where the swap moves answers no more than any word does"
        made.append(Figure("flips", EXTRINSIC, EXCESS, score, code, p, beside=beside, about=about))
    return made + _favour(subject, found, {"text": plain, "swapped": swapped}, told)


def _changed(one: Sequence[Hashable], other: Sequence[Hashable]) -> NDArray[np.bool_]:
    return np.array([a != b for a, b in zip(one, other, strict=True)])


def _mean_difference(
    name: str, differences: NDArray[np.float64], told: str, seed: int
) -> tuple[Score, float]:
    """The mean of differences of items, on 0-100, with bootstrap interval and p."""
    rows = [[float(one), 1.0] for one in differences]
    drawn = 100 * np.divide(*bootstrap_totals(rows, resamples=RESAMPLES, seed=seed).T)
    value = 100 * float(differences.mean())
    how = f"95% paired bootstrap of texts, {RESAMPLES} resamples, seed {seed}"
    score = Score(name, value, *percentile_interval(drawn), told, len(differences), how)
    return score, bootstrap_p(np.concatenate([[value], drawn])) if value else 1.0


def _favour(
    subject: Subject,
    found: Sequence[Turned],
    answers: Mapping[str, Sequence[Hashable]],
    told: str,
) -> list[Figure]:
    """Accuracy of the version with women less that of the version with men, where gold is known."""
    gold = subject.gold
    chosen = [n for n, one in enumerate(found) if one.side]
    if gold is None or len(chosen) < FEWEST:
        return []
    differences = []
    for number in chosen:
        one, right = found[number], gold[found[number].place]
        as_is, swapped = (answers[key][number] == right for key in ("text", "swapped"))
        women, men = (as_is, swapped) if one.side == FEMALE else (swapped, as_is)
        differences.append(float(women) - float(men))
    score, p = _mean_difference(FAVOUR, np.array(differences), told, subject.config.seed)
    about = "accuracy of texts with women less that of the same texts with men"
    return [Figure("flips", EXTRINSIC, FAVOUR, score, subject.language.bcp47, p, about=about)]
