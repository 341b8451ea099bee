"""One block of text: cleaned, substituted, encoded, counted, with a few examples for the report.

`LineWork` does running text; it is called with blocks from several threads at once, since the
compiled kernel does not hold Python's lock. `TagWork` does labelled sentences; it goes to worker
processes, so it and what it returns can be pickled. What they return depends on the block alone.

>>> cut("My dog barks.", [(3, 6, "exact")])
[['My ', ''], ['dog', 'exact'], [' barks.', '']]
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any, Protocol

from data.errors import InputError
from data.files import canonical_json
from data.labels.bio import OUTSIDE, REPAIRED
from data.labels.schemes import BAD_TAG, POS, Labels, Told, as_told, fault, tell, to_bio
from data.lines import BadLineError, by_reason, excerpt
from data.randomness import key
from data.tsv import WRONG_COLUMNS
from lexaug.compiled import Block, CompiledTable
from lexaug.config import SynthesisConfig
from lexaug.matching import matches, token_runs
from lexaug.phrases import PhraseTable
from lexaug.substitute import Line, Substitution, origin, substitute, substitute_line
from lexaug.synthesis.blocks import (
    Bad,
    Piece,
    Position,
    TextBlock,
    checked_line,
    clean_lines,
    read_blocks,
    sentences_of,
    shown,
    unmarked,
)
from lexaug.synthesis.formats import Lines, Sentences, encode, file_name, packed
from lexaug.synthesis.inputs import Text, open_text
from lexaug.synthesis.journal import Tally, is_sampled
from lexaug.synthesis.selection import Selection, selected

SHOWN = 12
LONGEST = 400  # characters of a line that is shown

Segment = list[str]


def evenly(count: int) -> list[int]:
    """At most 12 places among so many, evenly spaced, the first among them.

    >>> evenly(3), evenly(36)[:3]
    ([0, 1, 2], [0, 3, 6])
    """
    step = max(-(-count // SHOWN), 1)
    return list(range(0, count, step))


def cut(text: str, spans: Iterable[tuple[int, int, str]]) -> list[Segment]:
    """The text as [piece, rule] with an empty rule for what was not replaced."""
    pieces, end = [], 0
    for start, stop, rule in spans:
        pieces += [[text[end:start], ""], [text[start:stop], rule]]
        end = stop
    return [piece for piece in [*pieces, [text[end:], ""]] if piece[0]]


def of_line(number: int, source: str, line: Line) -> dict[str, Any] | None:
    """A line and what became of it; None for one that is too long to show."""
    if len(source) > LONGEST:
        return None
    rules = [(r, r.option.rule) for r in line.replacements]
    return {
        "number": number,
        "source": cut(source, [(r.start, r.end, rule) for r, rule in rules]),
        "target": cut(line.text, [(r.target_start, r.target_end, rule) for r, rule in rules]),
    }


def of_sentence(
    number: int, tokens: Sequence[str], tags: Sequence[str], done: Substitution
) -> dict[str, Any] | None:
    """A labelled sentence and what became of it, each token followed by its tag."""
    if len(" ".join(tokens)) > LONGEST:
        return None
    rules = [(r, r.option.rule) for r in done.replacements]
    return {
        "number": number,
        "source": _tagged(tokens, tags, [(r.start, r.end, rule) for r, rule in rules]),
        "target": _tagged(
            done.tokens,
            done.tags or (),
            [(r.target_start, r.target_end, rule) for r, rule in rules],
        ),
    }


def _tagged(
    tokens: Sequence[str], tags: Sequence[str], spans: Iterable[tuple[int, int, str]]
) -> list[Segment]:
    rules = {place: rule for start, stop, rule in spans for place in range(start, stop)}
    return [
        [token, rules.get(place, ""), tag]
        for place, (token, tag) in enumerate(zip(tokens, tags, strict=True))
    ]


PROVENANCE = "provenance.jsonl"
DROPPED = "dropped"


@dataclass(slots=True)
class Made:
    """What one block came to: where it ends, what each output appends, in order, and counts."""

    end: Position
    outputs: dict[str, list[Any]] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)
    examples: list[Any] = field(default_factory=list)


class Work(Protocol):
    """What a mode does with a block; `phrases` names the places of its tallies."""

    phrases: Sequence[str]
    holds_lock: bool  # Python's, while it works: workers are processes then

    def __call__(self, block: TextBlock) -> Made:
        """What a block becomes."""


class LineWork:
    """The modes mono, switch and parallel."""

    holds_lock = False

    def __init__(
        self,
        config: SynthesisConfig,
        name: str,
        table: PhraseTable,
        selection: Selection | None = None,
    ) -> None:
        self._config, self._name, self._table = config, name, table
        self._selection = selection
        self._compiled = CompiledTable(
            table,
            ratio=config.share,
            seed=config.seed,
            keep_at_least=config.least,
            keep_share=config.keep_share or 0.0,
        )
        self._records = file_name(config.mode, config.format, config.compress)
        self.phrases: Sequence[str] = self._compiled.phrases

    def __call__(self, block: TextBlock) -> Made:
        """What the lines of a block become.

        Raises:
            InputError: a line that cannot be used, without `skip_bad`.
        """
        config = self._config
        tabs_end_columns = config.mode == "parallel" and config.format == "text"
        cleaned = clean_lines(
            block, self._name, skip_bad=config.skip_bad, refuse_tabs=tabs_end_columns
        )
        made = Made(block.end)
        made.tally.repaired.update(cleaned.repairs)
        gone = list(cleaned.bad)
        for piece in selected(cleaned.pieces, self._selection, made.tally, gone):
            done = self._compiled.block(
                piece.data,
                piece.first_line,
                provenance=config.provenance,
                source=config.mode == "parallel",
            )
            self._keep(done, made)
            made.tally.add(self._counted(done))
            if config.dropped and done.kept < done.lines:
                gone += _left_out(piece, done, config.rule)
            if not block.start.block and not made.examples:
                made.examples = list(self._examples(piece, done))
        made.tally.numbers["lines"] += len(cleaned.bad)
        made.tally.dropped.update(bad.reason for bad in cleaned.bad)
        if config.dropped and gone:
            made.outputs[DROPPED] = [dropped_lines(gone)]
        return made

    def _keep(self, done: Block, made: Made) -> None:
        config = self._config
        source = done.source if config.mode == "parallel" else None
        lines = Lines(done.numbers, done.text, source)
        content = encode(lines, config.format, config.compress)
        made.outputs.setdefault(self._records, []).append(content)
        if config.provenance:
            account = packed(done.provenance, config.compress)
            made.outputs.setdefault(provenance_file(config), []).append(account)

    def _counted(self, done: Block) -> Tally:
        names = (
            "lines", "kept", "tokens", "words", "matched", "sampled_words", "kept_words",
            "replaced_words", "replaced_phrases",
        )  # fmt: skip
        return Tally(
            numbers=Counter({name: int(getattr(done, name)) for name in names}),
            rules=Counter(_plain(done.rules)),
            dropped=Counter({self._config.rule: done.lines - done.kept}),
            missing=done.unknown_words(),
            places=done.hits,
        )

    def _examples(self, piece: Piece, done: Block) -> Iterator[dict[str, Any]]:
        lines = piece.data.split(b"\n")
        for place in evenly(len(done.numbers)):
            number = int(done.numbers[place])
            source = lines[number - piece.first_line].decode()
            seeded = key(self._config.seed, number)
            line = substitute_line(source, self._table, ratio=self._config.share, key=seeded)
            shown = of_line(number, source, line)
            if shown:
                yield shown


def provenance_file(config: SynthesisConfig) -> str:
    """The name of the file of accounts, packed like the records (Parquet: not packed)."""
    return PROVENANCE + (f".{config.compress}" if config.compress else "")


def dropped_lines(gone: list[Bad]) -> bytes:
    """What `--dropped` holds of them: number, reason and text, tabs between."""
    rows = (f"{one.line}\t{one.reason}\t{one.text}\n" for one in sorted(gone))
    return "".join(rows).encode()


def _left_out(piece: Piece, done: Block, reason: str) -> Iterator[Bad]:
    """The lines that the keep rule dropped."""
    kept = set(done.numbers.tolist())
    for number, line in enumerate(piece.data.split(b"\n")[:-1], piece.first_line):
        if number not in kept:
            yield Bad(number, reason, line.decode())


def _plain(rules: Mapping[str, Any]) -> dict[str, int]:
    return {rule: int(count) for rule, count in rules.items()}


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

    holds_lock = True
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
