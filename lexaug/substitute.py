"""Words of a text replaced by their translations: pure functions, one sentence at a time.

    table = compile_phrases(lexicon, "uniform")
    substitute_line("My grandmother reads a book.", table, key=key(seed, 1)).text
    substitute(["a", "dog"], table, key=key(seed, "ewt-3"), tags=["DET", "NOUN"], scheme="pos")

This is the recipe of Wang, Ruder and Neubig (2022, https://aclanthology.org/2022.acl-long.61/)
with phrases, inflection, labels and an account of what was done. `lexaug.compiled` does the same
to whole files, byte for byte.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from data.errors import InputError
from data.files import canonical_json
from data.labels.bio import OUTSIDE, problem
from data.lexicon import OPEN_CLASSES
from lexaug.matching import Chooser, Fits, line_runs, matches, token_runs
from lexaug.phrases import Option, PhraseTable


@dataclass(frozen=True, slots=True)
class Replacement:
    """One phrase replaced: where it stood, where its translation stands, and which that is.

    The places are half-open. They count tokens in `substitute` and characters (code points) in
    `substitute_line`.
    """

    start: int
    end: int
    target_start: int
    target_end: int
    option: Option


@dataclass(frozen=True, slots=True)
class Substitution:
    """Labelled tokens after substitution.

    Attributes:
        tags: one a token, or None if none were given.
        words: the tokens that are words; `matched` of them stand in a phrase of the lexicon,
            `replaced` in one that was replaced.
        straddling: phrases left alone because they cross the edge of a labelled span.
    """

    tokens: tuple[str, ...]
    tags: tuple[str, ...] | None
    replacements: tuple[Replacement, ...]
    words: int
    matched: int
    replaced: int
    straddling: int


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text after substitution; `words`, `matched`, `replaced` count source words."""

    text: str
    replacements: tuple[Replacement, ...]
    words: int
    matched: int
    replaced: int


class Trace(NamedTuple):
    """A line with what a report counts: the folded phrases matched, the folded words not."""

    line: Line
    phrases: tuple[str, ...]
    unknown: tuple[str, ...]


def substitute(
    tokens: Sequence[str],
    table: PhraseTable,
    *,
    ratio: float = 1.0,
    key: int,
    tags: Sequence[str] | None = None,
    scheme: str | None = None,
) -> Substitution:
    """Replace what the table knows in a tokenised sentence; labels stay aligned.

    A token that is not one word (punctuation, a number, an address) stays, and no phrase crosses
    it. A translation of several words becomes several tokens. POS tags are repeated; BIO spans
    grow and shrink; a phrase that crosses a span's edge is left alone and counted.

    Args:
        ratio: the share of matched phrases to replace, 0 to 1.
        key: of this sentence, from `data.randomness.key`.
        tags, scheme: one tag a token; `pos` for parts of speech, `bio` for spans and slots.

    >>> from data.lexicon import Entry, Lexicon
    >>> from lexaug.phrases import compile_phrases
    >>> lexicon = Lexicon((Entry("after", "baada ya"), Entry("school", "shule")), "en", "sw")
    >>> done = substitute(["After", "school", ":", "football"], compile_phrases(lexicon),
    ...                   key=1, tags=["ADP", "NOUN", "PUNCT", "NOUN"], scheme="pos")
    >>> done.tokens, done.tags
    (('Baada', 'ya', 'shule', ':', 'football'), ('ADP', 'ADP', 'NOUN', 'PUNCT', 'NOUN'))

    Raises:
        InputError: labels that do not fit the tokens, a ratio outside 0..1, or the policy `pos`
            without POS tags.
    """
    check_tags(tokens, tags, scheme)
    chooser = Chooser(table, ratio, key, has_pos=scheme == "pos")
    fits = _fits_tags(tags) if table.policy == "pos" else None
    writer = _TokenWriter(tokens, tags, scheme)
    words = matched = 0
    for run in token_runs(tokens):
        words += len(run)
        for match in matches(run, table, fits):
            if scheme == "bio" and straddles((tags or ())[match.start : match.stop]):
                writer.straddling += 1
                continue
            matched += len(match.words)
            option = chooser.choose(match)
            if option is not None:
                writer.replace(match.start, match.stop, option, chooser.written(match, option))
    return writer.finished(words, matched)


def substitute_line(text: str, table: PhraseTable, *, ratio: float = 1.0, key: int) -> Line:
    """Replace what the table knows in a line of running text; the rest stays as it is.

    Words are found by `data.words`: spaces, punctuation, numbers, addresses and handles stay.
    From left to right the longest phrase counts; punctuation ends it. What is drawn for a phrase
    is told in `lexaug.matching.Chooser`, what capitals mean in `lexaug.casing`.

    >>> from data.lexicon import Entry, Lexicon
    >>> from lexaug.phrases import compile_phrases
    >>> lexicon = Lexicon((Entry("children", "watoto"), Entry("a lot", "sana")), "en", "sw")
    >>> line = substitute_line("Children sleep A LOT!", compile_phrases(lexicon), key=1)
    >>> line.text, line.replaced, line.words
    ('Watoto sleep SANA!', 3, 4)

    Raises:
        InputError: a ratio outside 0..1, or the policy `pos`, which needs tags.
    """
    return trace_line(text, table, ratio=ratio, key=key).line


def trace_line(text: str, table: PhraseTable, *, ratio: float = 1.0, key: int) -> Trace:
    """`substitute_line`, with the phrases matched and the words not matched, for reports."""
    chooser = Chooser(table, ratio, key)
    pieces: list[str] = []
    replacements: list[Replacement] = []
    phrases: list[str] = []
    unknown: list[str] = []
    end = length = words = replaced = 0
    for run in line_runs(text):
        words += len(run)
        for match in matches(run, table, None, unknown):
            phrases.append(match.phrase)
            option = chooser.choose(match)
            if option is None:
                continue
            target = chooser.written(match, option)
            at = length + match.start - end
            pieces += [text[end : match.start], target]
            end, length = match.stop, at + len(target)
            replaced += len(match.words)
            replacements.append(Replacement(match.start, match.stop, at, length, option))
    matched = words - len(unknown)
    whole = "".join(pieces) + text[end:]
    line = Line(whole, tuple(replacements), words, matched, replaced)
    return Trace(line, tuple(phrases), tuple(unknown))


def provenance(number: int, line: Line) -> str:
    """The account of one line, as JSON: its number and every replacement.

    A replacement is [start, end, target start, target end, entry, rule] in characters, and the
    features at the end where the rule is not `exact`.

    >>> option = Option("walitembea", 4, "inflected", "V;PST", 1, None)
    >>> provenance(7, Line("Walitembea", (Replacement(0, 6, 0, 10, option),), 1, 1, 1))
    '{"line":7,"replacements":[[0,6,0,10,4,"inflected","V;PST"]]}'
    """
    rows = [
        [r.start, r.end, r.target_start, r.target_end, *origin(r.option)] for r in line.replacements
    ]
    return canonical_json({"line": number, "replacements": rows})


def origin(option: Option) -> list[int | str]:
    """What provenance tells of an option: entry, rule, and the features if there are any."""
    return [option.entry, option.rule, *([option.features] if option.rule != "exact" else [])]


def _fits_tags(tags: Sequence[str] | None) -> Fits:
    return lambda option, start, stop: fits(option.pos, (tags or ())[start:stop])


class _TokenWriter:
    """Gathers the tokens and tags of a sentence while phrases are replaced from left to right."""

    def __init__(
        self, tokens: Sequence[str], tags: Sequence[str] | None, scheme: str | None
    ) -> None:
        self._tokens, self._tags, self._scheme = tokens, tags, scheme
        self._out: list[str] = []
        self._out_tags: list[str] = []
        self._replacements: list[Replacement] = []
        self._end = 0
        self.straddling = 0

    def replace(self, start: int, stop: int, option: Option, text: str) -> None:
        """Put the words of a text where the tokens from start to stop stood."""
        self._keep_until(start)
        target = text.split()
        at = len(self._out)
        self._out += target
        if self._tags is not None:
            self._out_tags += self._carried(self._tags[start:stop], option, len(target))
        self._end = stop
        self._replacements.append(Replacement(start, stop, at, len(self._out), option))

    def finished(self, words: int, matched: int) -> Substitution:
        """The whole sentence."""
        self._keep_until(len(self._tokens))
        done = tuple(self._replacements)
        return Substitution(
            tuple(self._out),
            None if self._tags is None else tuple(self._out_tags),
            done,
            words,
            matched,
            sum(r.end - r.start for r in done),
            self.straddling,
        )

    def _carried(self, tags: Sequence[str], option: Option, length: int) -> tuple[str, ...]:
        if self._scheme == "bio":
            return carried_bio(tags, length)
        return carried_pos(tags, option.pos, length)

    def _keep_until(self, start: int) -> None:
        self._out += self._tokens[self._end : start]
        if self._tags is not None:
            self._out_tags += self._tags[self._end : start]


SCHEMES = ("pos", "bio")


def check_tags(tokens: Sequence[str], tags: Sequence[str] | None, scheme: str | None) -> None:
    """Refuse labels that do not belong to these tokens.

    Raises:
        InputError: labels without a scheme or a scheme without labels, an unknown scheme, more
            or fewer labels than tokens, or an I- that continues no span.
    """
    if scheme not in (None, *SCHEMES):
        raise InputError(f'no labelling scheme "{scheme}"; choose one of: {", ".join(SCHEMES)}')
    if (tags is None) != (scheme is None):
        given = "tags without a scheme" if scheme is None else f"the scheme {scheme} without tags"
        raise InputError(f'expected tags and their scheme ("pos" or "bio"), found {given}')
    if tags is None:
        return
    if len(tags) != len(tokens):
        raise InputError(f"expected one tag a token, found {len(tags)} for {len(tokens)} tokens")
    fault = problem(tags) if scheme == "bio" else None
    if fault:
        raise InputError(f"{fault}; mend the tags with data.labels.bio.repaired")


def fits(pos: str | None, tags: Sequence[str]) -> bool:
    """Whether an entry's part of speech is that of a phrase, or the lexicon does not tell.

    One tag of the phrase is enough. An auxiliary takes entries listed as verbs, because few
    lexicons tell the two apart.

    >>> fits("NOUN", ["VERB"]), fits("VERB", ["AUX"]), fits(None, ["DET"])
    (False, True, True)
    """
    return pos is None or pos in tags or (pos == "VERB" and "AUX" in tags)


def straddles(tags: Sequence[str]) -> bool:
    """Whether a phrase with these tags lies neither outside all spans nor within a single one.

    >>> straddles(["I-PER", "I-PER"]), straddles(["I-PER", "O"]), straddles(["B-PER", "B-PER"])
    (False, True, True)
    """
    first = tags[0]
    rest = OUTSIDE if first == OUTSIDE else f"I-{first[2:]}"
    return any(tag != rest for tag in tags[1:])


def carried_pos(tags: Sequence[str], pos: str | None, length: int) -> tuple[str, ...]:
    """The tags of a translation of `length` words: all the same, that of the phrase's head.

    The head is the word whose tag the entry has; else the first noun, verb, adjective, adverb,
    interjection or name; else the first word.

    >>> carried_pos(("ADP",), None, 2)      # "after", baada ya
    ('ADP', 'ADP')
    """
    if pos in tags:
        return (pos,) * length if pos else ()
    return (next((tag for tag in tags if tag in OPEN_CLASSES), tags[0]),) * length


def carried_bio(tags: Sequence[str], length: int) -> tuple[str, ...]:
    """The tags of a translation of `length` words for a phrase that straddles no span's edge."""
    first = tags[0]
    rest = OUTSIDE if first == OUTSIDE else f"I-{first[2:]}"
    return (first,) + (rest,) * (length - 1)
