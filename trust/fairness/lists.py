"""The lists of an association test: two of targets, two of attributes, checked.

    TARGETS:ATTRIBUTES                  en-flowers-insects:en-pleasant-unpleasant
    NAME@FIRST+SECOND                   of a list with more groups: en-professions@health+crafts
    mine.tsv                            a table of your own, in a form of data.word_lists

A list of pairs gives women's words and men's; of a list of words its two groups, in their order.

>>> test = word_test("en-flowers-insects:en-pleasant-unpleasant", "en")
>>> test.title, test.x.words[:2]
('flowers, insects : pleasant, unpleasant', ('rose', 'tulip'))
>>> word_test("en-gender:en-gender", "en")
Traceback (most recent call last):
data.errors.InputError: en-gender:en-gender: "she" is in female and in female; \
targets and attributes share no word: take it out of one of them, or name another list
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

from data.cli import did_you_mean
from data.errors import InputError
from data.languages import resolve
from data.lines import read_lines
from data.word_lists import PAIR_COLUMNS, pairs, word_lists, words
from trust.fairness.association import FEWEST

# Tests that are made where none is named: the first two are biases that nobody minds, which show
# that a test finds one; the others are those of WEAT 6 and 8, with words of our own.
USUAL = {
    "en": (
        "en-flowers-insects:en-pleasant-unpleasant",
        "en-instruments-weapons:en-pleasant-unpleasant",
        "en-career-family:en-gender",
        "en-science-arts:en-gender",
    )
}


@dataclass(frozen=True, slots=True)
class Group:
    """The words of one list."""

    name: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WordTest:
    """Four lists: is X nearer to A and Y to B than by chance?

    Attributes:
        name: as it was asked for.
        licence, checked: of the lists; who made sure that they say what they should.
    """

    name: str
    language: str
    x: Group
    y: Group
    a: Group
    b: Group
    licence: str = "-"
    checked: str = "-"

    @property
    def title(self) -> str:
        """The names of the four lists."""
        return f"{self.x.name}, {self.y.name} : {self.a.name}, {self.b.name}"

    @property
    def groups(self) -> tuple[Group, Group, Group, Group]:
        """X, Y, A and B."""
        return self.x, self.y, self.a, self.b

    def without(self, lacking: set[str]) -> WordTest:
        """The test without some words.

        Raises:
            InputError: a list is left with fewer words than an effect needs.
        """
        kept = [
            Group(one.name, tuple(w for w in one.words if w not in lacking)) for one in self.groups
        ]
        for before, one in zip(self.groups, kept, strict=True):
            if len(one.words) < FEWEST:
                raise InputError(
                    f"{self.name}: of {before.name}'s {len(before.words)} words the text has"
                    f" {len(one.words)}; expected {FEWEST} or more: give more text to --corpus,"
                    " or other --lists"
                )
        x, y, a, b = kept
        return replace(self, x=x, y=y, a=a, b=b)


def usual_tests(language: str) -> tuple[str, ...]:
    """The tests of a language that are made where none is named; often none.

    >>> usual_tests("sw")
    ()
    """
    return USUAL.get(resolve(language).bcp47, ())


def word_test(name: str, language: str) -> WordTest:
    """The test of that name, see the module; its lists have two words or more and share none.

    Raises:
        InputError: another form, no such list or group, too few words, a word in two lists.
    """
    given = name.split(":")
    if len(given) != 2 or not all(given):
        raise InputError(
            f'--lists "{name}": expected TARGETS:ATTRIBUTES, such as'
            " en-flowers-insects:en-pleasant-unpleasant; python -m data.word_lists names lists"
        )
    (x, y, *told), (a, b, *more) = (_two(part, language) for part in given)
    found = WordTest(
        name, resolve(language).bcp47, x, y, a, b,
        "; ".join(dict.fromkeys((told[0], more[0]))), "; ".join(dict.fromkeys((told[1], more[1]))),
    )  # fmt: skip
    _check(found)
    return found


def _check(test: WordTest) -> None:
    for one in test.groups:
        if len(one.words) < FEWEST:
            raise InputError(
                f"{test.name}: {one.name} has {len(one.words)} word"
                f"{'s' * (len(one.words) != 1)}; expected {FEWEST} or more, since an effect is"
                " measured in deviations: add words to the list"
            )
    for one, other in combinations(test.groups, 2):
        if shared := [word for word in one.words if word in other.words]:
            raise InputError(
                f'{test.name}: "{shared[0]}" is in {one.name} and in {other.name}; targets and'
                " attributes share no word: take it out of one of them, or name another list"
            )


def _two(part: str, language: str) -> tuple[Group, Group, str, str]:
    """Two lists with their licence and who checked them."""
    name, _, chosen = part.partition("@")
    if _of_pairs(name):
        found = pairs(name, language)
        rows = found.rows if not chosen else found.only(chosen.split("+")).rows
        sides = (dict.fromkeys(p.female for p in rows), dict.fromkeys(p.male for p in rows))
        made = (Group("female", tuple(sides[0])), Group("male", tuple(sides[1])))
        return *made, found.about.licence, found.about.checked
    listed = words(name, language)
    wanted = chosen.split("+") if chosen else list(listed.groups)
    for group in wanted:
        if group not in listed.groups:
            raise InputError(
                f'{name}: no group "{group}"; it has: {", ".join(listed.groups)}'
                f"{did_you_mean(group, listed.groups)}"
            )
    if len(wanted) != 2:
        raise InputError(
            f"{name}: has {len(wanted)} groups ({', '.join(wanted)}); a test takes two:"
            f" {name}@FIRST+SECOND"
        )
    one, other = (Group(group, listed.groups[group]) for group in wanted)
    return one, other, listed.about.licence, listed.about.checked


def _of_pairs(name: str) -> bool:
    """Whether a list is of pairs: as ours are known to be, or a table's header says."""
    if name in word_lists():
        return word_lists()[name].kind == "pairs"
    if not Path(name).is_file():
        return False  # `words` names what there is
    first = next(read_lines(Path(name)), (1, ""))[1]
    return tuple(first.split("\t")) == PAIR_COLUMNS
