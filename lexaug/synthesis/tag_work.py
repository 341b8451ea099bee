"""One block of labelled sentences: read, substituted with their tags, encoded, counted.

`TagWork` goes to worker processes, so it and what it returns can be pickled.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import chain, islice

from data.errors import InputError
from data.faults import BadLineError, by_reason, excerpt
from data.files import canonical_json
from data.labels.bio import OUTSIDE, REPAIRED
from data.labels.schemes import BAD_TAG, POS, Labels, Told, as_told, fault, tell, to_bio
from data.randomness import key
from data.tsv import WRONG_COLUMNS
from lexaug.matching import matches, token_runs
from lexaug.phrases import PhraseTable
from lexaug.substitute import Substitution, origin, substitute
from lexaug.synthesis.blocks import (
    Bad,
    Position,
    TextBlock,
    checked_line,
    read_blocks,
    sentences_of,
    shown,
    unmarked,
)
from lexaug.synthesis.examples import SHOWN, of_sentence
from lexaug.synthesis.formats import Sentences, encode, file_name, packed
from lexaug.synthesis.inputs import Text, open_text
from lexaug.synthesis.line_work import DROPPED, Made, dropped_lines, provenance_file
from lexaug.synthesis.run import SynthesisConfig
from lexaug.synthesis.tally import Tally, is_sampled

LOOKED_AT = 1000  # sentences, to tell what kind of labels they have; more where all are O


@dataclass(frozen=True, slots=True)
class Sentence:
    """A labelled sentence: its number and line in the text, from 1, tokens and tags."""

    number: int
    line: int
    tokens: tuple[str, ...]
    tags: tuple[str, ...]

    @property
    def labels(self) -> Labels:
        """The tags and their lines: a sentence has no other lines than its tokens'."""
        return Labels(range(self.line, self.line + len(self.tags)), self.tags)


class TagWork:
    """The mode tags."""

    phrases: Sequence[str] = ()

    def __init__(self, config: SynthesisConfig, name: str, table: PhraseTable, told: Told) -> None:
        self._config, self._name, self._table, self._told = config, name, table, told

    def __call__(self, block: TextBlock) -> Made:
        """What the sentences of a block become.

        Raises:
            InputError: a line that is not `token TAG`, without `skip_bad`.
        """
        made, gone = Made(block.end), list[Bad]()
        sentences = read_sentences(
            block, self._name, skip_bad=self._config.skip_bad, bad=gone, tally=made.tally
        )
        kept: list[tuple[Sentence, Substitution]] = []
        for sentence in self._valid(sentences, gone, made.tally):
            done = self._substituted(sentence)
            _count(sentence, done, made.tally)
            if self._is_kept(done):
                kept.append((sentence, done))
                _count_kept(done, made.tally)
            else:
                text = " ".join(sentence.tokens)
                gone.append(Bad(sentence.line, self._config.rule, text))
            if is_sampled(sentence.number):
                _count_types(sentence, self._table, made.tally)
        made.tally.dropped.update(bad.reason for bad in gone)
        self._write(kept, gone, made)
        if not block.start.block:
            step = max(len(kept) // SHOWN, 1)
            shown = (of_sentence(s.number, s.tokens, s.tags, d) for s, d in kept[::step])
            made.examples = [example for example in shown if example][:SHOWN]
        return made

    def _substituted(self, sentence: Sentence) -> Substitution:
        return substitute(
            sentence.tokens,
            self._table,
            ratio=self._config.share,
            key=key(self._config.seed, sentence.number),
            tags=sentence.tags,
            scheme=self._told.task,
        )

    def _valid(
        self, sentences: Iterator[Sentence], gone: list[Bad], tally: Tally
    ) -> Iterator[Sentence]:
        """The sentences with tags that the scheme allows, names as BIO."""
        told = self._told
        for one in sentences:
            wrong = fault(one.tags, told.scheme, universal=told.universal)
            if wrong:
                place, message = wrong
                if not self._config.skip_bad:
                    where = f"{self._name}:{one.line + place}"
                    raise BadLineError(f"{where}: {message}; correct the tag", BAD_TAG)
                gone.append(Bad(one.line, BAD_TAG, " ".join(one.tags)))
            elif told.scheme == POS:
                yield one
            else:
                made = to_bio(one.tags, told.scheme)
                tally.repaired[REPAIRED] += made.repaired
                tally.repaired[f"tag of {told.scheme.upper()}, made BIO"] += made.converted
                yield Sentence(one.number, one.line, one.tokens, made.tags)

    def _is_kept(self, done: Substitution) -> bool:
        share = self._config.keep_share or 0.0
        return done.replaced >= self._config.least and done.replaced >= share * done.words

    def _write(
        self, kept: Sequence[tuple[Sentence, Substitution]], gone: list[Bad], made: Made
    ) -> None:
        config = self._config
        sentences = Sentences(
            [sentence.number for sentence, _ in kept],
            [done.tokens for _, done in kept],
            [done.tags or () for _, done in kept],
        )
        name = file_name(config.mode, config.format, config.compress)
        made.outputs[name] = [encode(sentences, config.format, config.compress)]
        if config.provenance:
            account = "".join(f"{_provenance(s.number, done)}\n" for s, done in kept)
            made.outputs[provenance_file(config)] = [packed(account.encode(), config.compress)]
        if config.dropped and gone:
            made.outputs[DROPPED] = [dropped_lines(gone)]


def read_sentences(
    block: TextBlock, name: str, *, skip_bad: bool, bad: list[Bad], tally: Tally
) -> Iterator[Sentence]:
    """Yield the sentences of a block of `token TAG` lines with a blank line between sentences.

    A sentence with a bad line is an error, or is left out whole and put in `bad`. A line
    -DOCSTART- between blank ones is no sentence.

    Raises:
        InputError: `ner.txt:7: expected 2 columns (token, tag), found 1 ("Nyeri"); ...`
    """
    lines = unmarked(block).split(b"\n")
    for number, (first, rows) in enumerate(sentences_of(lines), block.start.record):
        line = block.start.line + first
        tally.numbers["lines"] += 1
        try:
            cells = [
                _cells(row, f"{name}:{at}", tally.repaired) for at, row in enumerate(rows, line)
            ]
        except BadLineError as error:
            if not skip_bad:
                raise
            bad.append(Bad(line, error.reason, shown(b" / ".join(rows))))
        else:
            tokens, tags = zip(*cells, strict=True)
            yield Sentence(number, line, tokens, tags)


def find_scheme(sentences: Sequence[Sentence], name: str, asked: str | None = None) -> Told:
    """What the labels are, by the tags of the first sentences, or as they are said to be.

    >>> find_scheme([Sentence(1, 1, ("Nyeri",), ("B-LOC",))], "ner.txt").scheme
    'bio'

    Raises:
        InputError: nobody can tell; see `data.labels.schemes.tell`.
    """
    labels = (one.labels for one in sentences)
    return as_told(asked, labels, name) if asked else tell(labels, name)


def told_of(text: Text, config: SynthesisConfig, say: Callable[[str], None] | None = None) -> Told:
    """What kind of labels a text has, by its first sentences; `say` is told.

    Raises:
        InputError: a bad line among them, without `skip_bad`; nobody can tell; no sentence.
    """
    if text.is_stream:
        if not config.scheme:
            raise InputError("labels from standard input: say what they are: --scheme pos or bio")
        return Told(config.scheme, "as --scheme says")
    bad = list[Bad]()
    with closing(open_text(text)) as stream:
        blocks = read_blocks(stream, "sentence", block_bytes=config.block_bytes, name=text.name)
        first = next(blocks, TextBlock(Position(), b"", Position()))
        sentences = _first_sentences(chain([first], blocks), text.name, config.skip_bad, bad)
    if not sentences:
        reasons = by_reason(Counter(one.reason for one in bad))
        found = f"none but: {reasons}" if reasons else "only blank lines and marks"
        found = found if reasons or first.data else "none in an empty file"
        raise InputError(
            f"{text.name}: expected labelled sentences, found {found}; give another file"
        )
    told = find_scheme(sentences, text.name, config.scheme)
    if say:
        say(told.sentence(text.name))
    return told


def _first_sentences(
    blocks: Iterator[TextBlock], name: str, skip_bad: bool, bad: list[Bad]
) -> list[Sentence]:
    """The first sentences; where those have no name, also the first that have one."""
    every = (
        sentence
        for block in blocks
        for sentence in read_sentences(block, name, skip_bad=skip_bad, bad=bad, tally=Tally())
    )
    found = list(islice(every, LOOKED_AT))
    if all(set(one.tags) == {OUTSIDE} for one in found):
        found += islice((one for one in every if set(one.tags) != {OUTSIDE}), LOOKED_AT)
    return found


def _cells(line: bytes, where: str, repairs: Counter[str]) -> tuple[str, str]:
    text = checked_line(line, where, repairs)
    cells = text.split()
    if len(cells) != 2:
        raise BadLineError(
            f"{where}: expected 2 columns (token, tag), found {len(cells)} ({excerpt(text)});"
            " fix the line",
            WRONG_COLUMNS,
        )
    return cells[0], cells[1]


def _count(sentence: Sentence, done: Substitution, tally: Tally) -> None:
    tally.numbers.update(
        tokens=len(sentence.tokens),
        words=done.words,
        matched=done.matched,
        straddling=done.straddling,
    )


def _count_kept(done: Substitution, tally: Tally) -> None:
    tally.numbers.update(
        kept=1,
        kept_words=done.words,
        replaced_words=done.replaced,
        replaced_phrases=len(done.replacements),
    )
    tally.rules.update(r.option.rule for r in done.replacements)


def _count_types(sentence: Sentence, table: PhraseTable, tally: Tally) -> None:
    """Count the phrases that the lexicon has and the words that it lacks."""
    unknown: list[str] = []
    for run in token_runs(sentence.tokens):
        tally.numbers["sampled_words"] += len(run)
        tally.hits.update(match.phrase for match in matches(run, table, None, unknown))
    tally.missing.update(unknown)


def _provenance(number: int, done: Substitution) -> str:
    """The account of a sentence, in tokens: like `lexaug.substitute.provenance` of a line."""
    rows = [
        [r.start, r.end, r.target_start, r.target_end, *origin(r.option)] for r in done.replacements
    ]
    return canonical_json({"sentence": number, "replacements": rows})
