"""A user's file of labelled sentences: read, its scheme told from evidence, names made BIO.

    found = read_labelled(Path("ner.txt"))
    found.told.scheme, found.sentences[0].tags

Files of two columns, `token TAG`, as `data.tagged.read_tagged` reads them. `data.labels.schemes`
says what schemes there are and how they are told apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from data.errors import InputError
from data.faults import by_reason, counted, excerpt, reject
from data.labels.bio import REPAIRED
from data.labels.conll import Block, read_blocks
from data.labels.schemes import BAD_TAG, POS, Labels, Told, as_told, fault, tell, to_bio
from data.tagged import TaggedSentence, sentence_of

COLUMNS = ("token", "tag")


@dataclass(frozen=True)
class LabelledFile:
    """The sentences of a file, names as valid BIO tags, and the scheme that the file has."""

    sentences: tuple[TaggedSentence, ...]
    told: Told


def read_labelled(
    path: Path,
    *,
    scheme: str | None = None,
    skip_bad: bool = False,
    dropped: Counter[str] | None = None,
    repairs: Counter[str] | None = None,
) -> LabelledFile:
    """Read a file of `token TAG` lines with a blank line between sentences.

    Args:
        scheme: one of `data.labels.schemes.SCHEMES`; None: the labels tell.
        skip_bad: leave out sentences with a bad line or tag and count them in `dropped`.

    Raises:
        InputError: `ner.txt:3: expected O, B-LABEL or I-LABEL, found S-LOC; ...`; labels of which
            nobody can tell what they are; no sentence.
    """
    with counted(dropped, path, "dropped") as lost, counted(repairs, path, "repaired") as fixed:
        blocks = list(
            read_blocks(
                path, COLUMNS, separator=None, skip_bad=skip_bad, dropped=lost, repairs=fixed
            )
        )
        if not blocks:
            raise InputError(_nothing(path, lost))
        labels = [_labels(block) for block in blocks]
        if scheme is None:
            told = tell(labels, str(path), any_tagset=True)
            _check_columns(blocks, told, path)
        else:
            told = as_told(scheme, labels, str(path))
        sentences = tuple(_sentences(blocks, path, told, skip_bad, lost, fixed))
        if not sentences:
            raise InputError(_nothing(path, lost))
    return LabelledFile(sentences, told)


def _sentences(
    blocks: list[Block],
    path: Path,
    told: Told,
    skip_bad: bool,
    dropped: Counter[str],
    repairs: Counter[str],
) -> Iterator[TaggedSentence]:
    for block in blocks:
        sentence = sentence_of(block, "", 0, 1)
        wrong = fault(sentence.tags, told.scheme, universal=told.universal)
        if wrong:
            place, message = wrong
            where = f"{path}:{block.rows[place].line}"
            reject((BAD_TAG, message), where, skip_bad=skip_bad, dropped=dropped)
        elif told.scheme == POS:
            yield sentence
        else:
            made = to_bio(sentence.tags, told.scheme)
            repairs.update(+Counter({REPAIRED: made.repaired, _converted(told): made.converted}))
            yield replace(sentence, tags=made.tags)


def _converted(told: Told) -> str:
    return f"tag of {told.scheme.upper()}, made BIO"


def _labels(block: Block) -> Labels:
    return Labels([row.line for row in block.rows], [row.cells[1] for row in block.rows])


def _check_columns(blocks: list[Block], told: Told, path: Path) -> None:
    """Refuse tags of which nobody knows the tagset where the other column has tags that are known.

    Raises:
        InputError: `ner.txt:1: expected a token and its tag, found them the other way round ...`
    """
    if told.scheme != POS or told.universal:
        return
    first = [Labels([row.line for row in b.rows], [row.cells[0] for row in b.rows]) for b in blocks]
    try:
        other = tell(first, str(path))
    except InputError:
        return
    row = blocks[0].rows[0]
    raise InputError(
        f"{path}:{row.line}: expected a token and its tag, found them the other way round"
        f" ({excerpt(' '.join(row.cells))}; in the first column {other.evidence}); turn the"
        " columns round"
    )


def _nothing(path: Path, dropped: Counter[str]) -> str:
    reasons = by_reason(dropped)
    empty = "none in an empty file" if not path.stat().st_size else "only blank lines and marks"
    found = f"none but: {reasons}" if reasons else empty
    return f"{path}: expected labelled sentences, found {found}; give another file"
