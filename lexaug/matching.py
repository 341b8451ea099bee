"""Where the phrases of a lexicon stand in a sentence, and which option each is given.

>>> from data.lexicon import Entry, Lexicon
>>> from lexaug.phrases import compile_phrases
>>> table = compile_phrases(Lexicon((Entry("a lot", "sana"), Entry("lot", "kura")), "en", "sw"))
>>> [match.phrase for run in line_runs("A lot, a ... lot") for match in matches(run, table)]
['a lot', 'lot']
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from data.errors import InputError
from data.randomness import draw
from data.words import word_runs
from lexaug.casing import begins_sentence, case_of, reading
from lexaug.phrases import Option, PhraseTable, is_word

_WHOLE = 1 << 64


class Word(NamedTuple):
    """A word, its half-open place, and whether a sentence begins with it."""

    text: str
    start: int
    stop: int
    opens: bool


class Match(NamedTuple):
    """A phrase of the table: its words, its folded text, and the options that fit."""

    words: Sequence[Word]
    phrase: str
    options: Sequence[Option]

    @property
    def start(self) -> int:
        """Where its first word begins."""
        return self.words[0].start

    @property
    def stop(self) -> int:
        """Where its last word ends."""
        return self.words[-1].stop


# Whether an option may stand for the words from a start to a stop.
Fits = Callable[[Option, int, int], bool]


def line_runs(text: str) -> Iterator[list[Word]]:
    """The words of a line in runs without punctuation between; places are characters.

    >>> [[word.text for word in run] for run in line_runs("Ng'ombe wetu, 3 mbwa")]
    [["Ng'ombe", 'wetu'], ['mbwa']]
    """
    end = None
    for spans in word_runs(text):
        run = []
        for start, stop in spans:
            opens = end is None or begins_sentence(text[end:start])
            run.append(Word(text[start:stop], start, stop, opens))
            end = stop
        yield run


def token_runs(tokens: Sequence[str]) -> Iterator[list[Word]]:
    """The words of a tokenised sentence in runs; a token that is not one word ends a run."""
    run: list[Word] = []
    opens = True
    for place, token in enumerate(tokens):
        if is_word(token):
            run.append(Word(token, place, place + 1, opens))
            opens = False
            continue
        opens = opens or begins_sentence(token)
        if run:
            yield run
            run = []
    if run:
        yield run


def matches(
    run: Sequence[Word],
    table: PhraseTable,
    fits: Fits | None = None,
    unknown: list[str] | None = None,
) -> Iterator[Match]:
    """The phrases of a run from left to right; at each word the longest that has options.

    Args:
        fits: leaves out options that may not stand here.
        unknown: receives the folded words that stand in no phrase.
    """
    folded = [table.fold(word.text) for word in run]
    at = 0
    while at < len(run):
        match = _longest(run, folded, at, table, fits)
        if match is not None:
            yield match
        elif unknown is not None:
            unknown.append(folded[at])
        at += len(match.words) if match else 1


def _longest(
    run: Sequence[Word], folded: Sequence[str], at: int, table: PhraseTable, fits: Fits | None
) -> Match | None:
    asked = reading(run[at].text, run[at].opens)
    for length in range(min(table.reach.get(folded[at], 0), len(run) - at), 0, -1):
        phrase = " ".join(folded[at : at + length])
        options: Sequence[Option] = table.lookup(phrase, asked)
        if fits is not None:
            start, stop = run[at].start, run[at + length - 1].stop
            options = [option for option in options if fits(option, start, stop)]
        if options:
            return Match(run[at : at + length], phrase, options)
    return None


class Chooser:
    """Whether and with what the phrases of one document are replaced, in order.

    The k-th phrase, from 0, is replaced if draw 2k of the document's key is below the ratio;
    draw 2k + 1 chooses among its options by weight.

    Raises:
        InputError: a ratio outside 0..1, or the policy `pos` without parts of speech.
    """

    def __init__(
        self, table: PhraseTable, ratio: float, key: int, *, has_pos: bool = False
    ) -> None:
        check_policy(table, has_pos=has_pos)
        self._table, self._key, self._bound = table, key, threshold(ratio)
        self._seen = 0

    def choose(self, match: Match) -> Option | None:
        """The option for the next phrase, or None: it stays."""
        counter = 2 * self._seen
        self._seen += 1
        if draw(self._key, counter) >= self._bound:
            return None
        sums = list(accumulate(option.weight for option in match.options))
        place = (draw(self._key, counter + 1) * sums[-1]) >> 64
        return next(o for o, limit in zip(match.options, sums, strict=True) if place < limit)

    def written(self, match: Match, option: Option) -> str:
        """The option's text in the case of the phrase."""
        case = case_of([word.text for word in match.words], match.words[0].opens)
        return self._table.written(option, case)


def threshold(ratio: float) -> int:
    """The bound below which a 64-bit draw means "replace"; 2**64 for always.

    >>> threshold(0.5) == 2**63, threshold(1) == 2**64
    (True, True)

    Raises:
        InputError: a ratio outside 0..1.
    """
    if not 0 <= ratio <= 1:
        raise InputError(f"expected a ratio from 0 to 1, found {ratio}; 1 replaces all it can")
    return int(ratio * _WHOLE)


def check_policy(table: PhraseTable, *, has_pos: bool) -> None:
    """Refuse the policy `pos` where no parts of speech are known (InputError)."""
    if table.policy == "pos" and not has_pos:
        raise InputError(
            'the policy "pos" needs POS tags, and here are none; choose another policy or'
            " give tagged sentences"
        )
