"""Sentences of the user's files, cut into symbols that fairseq can take.

    sentences(Path("swahili.txt"), units("characters"))
    sentence_pairs([Path("train.en"), Path("train.sw")], "en", "sw", units("words"))

Text is read by the strict readers of `data`, which repair and count; see `data.tsv`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from data.errors import InputError
from data.parallel import Pair, read_aligned, read_pairs_tsv
from data.tsv import counted, read_lines, reject
from training.fairseq_data.dictionary import RESERVED
from training.fairseq_data.units import Units

# Reasons under which sentences are left out.
OWN_SYMBOL = "a symbol of fairseq's own"
NO_SYMBOL = "no symbol left"


def sentences(
    path: Path,
    cut: Units,
    *,
    skip_bad: bool = False,
    dropped: Counter[str] | None = None,
    repairs: Counter[str] | None = None,
) -> Iterator[list[str]]:
    """Yield the symbols of each line; a blank line, the end of a document, gives none.

    Raises:
        InputError: `swahili.txt:7: expected text, found </s>, a symbol of fairseq's own; ...`;
            what `data.tsv.read_lines` refuses.
    """
    with counted(dropped, path, "dropped") as tally:
        for number, text in read_lines(path, repairs=repairs):
            tokens = cut.split(text)
            problem = _own_symbol(tokens)
            if problem is None:
                yield tokens
            else:
                reject(problem, f"{path}:{number}", skip_bad=skip_bad, dropped=tally)


def sentence_pairs(
    paths: Sequence[Path],
    source: str,
    target: str,
    cut: Units,
    *,
    skip_bad: bool = False,
    dropped: Counter[str] | None = None,
    repairs: Counter[str] | None = None,
) -> Iterator[tuple[list[str], list[str]]]:
    """Yield the symbols of both sides of each pair.

    Args:
        paths: two files whose lines correspond, or one table with a header.
        source, target: the languages, which are the columns of a table.

    Raises:
        InputError: neither; a pair with an empty side; what `sentences` refuses.
    """
    name = " and ".join(map(str, paths))
    with counted(dropped, paths[0], "dropped") as tally:
        for pair in _pairs(paths, source, target, skip_bad, tally, repairs):
            sides = cut.split(pair.source), cut.split(pair.target)
            problem = _own_symbol([*sides[0], *sides[1]]) or _nothing(sides)
            if problem is None:
                yield sides
            else:
                reject(problem, f"{name}: pair {pair.id}", skip_bad=skip_bad, dropped=tally)


def _pairs(
    paths: Sequence[Path],
    source: str,
    target: str,
    skip_bad: bool,
    dropped: Counter[str],
    repairs: Counter[str] | None,
) -> Iterator[Pair]:
    if len(paths) == 2:
        return read_aligned(*paths, skip_bad=skip_bad, dropped=dropped, repairs=repairs)
    if len(paths) == 1 and ".tsv" in paths[0].suffixes:
        return read_pairs_tsv(
            paths[0], source, target, skip_bad=skip_bad, dropped=dropped, repairs=repairs
        )
    raise InputError(
        f"expected two files of sentences, {source} then {target}, or one .tsv with columns of"
        f" these names, found {', '.join(map(str, paths)) or 'nothing'}; give either"
    )


def _own_symbol(tokens: Sequence[str]) -> tuple[str, str] | None:
    own = next((token for token in tokens if token in RESERVED), None)
    if own is None:
        return None
    return OWN_SYMBOL, f"expected text, found {own}, {OWN_SYMBOL}"


def _nothing(sides: Sequence[Sequence[str]]) -> tuple[str, str] | None:
    if all(sides):
        return None
    return NO_SYMBOL, f"expected symbols on both sides, found {len(sides[0])} and {len(sides[1])}"
