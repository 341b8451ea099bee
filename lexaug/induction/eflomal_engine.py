"""Alignment by eflomal, where it is installed: Östling and Tiedemann 2016, a Gibbs sampler.

    pip install -e ".[eflomal]"
    forward, backward = align_both(bitext)

Its model (word order, fertility) is richer than that of `lexaug.induction.alignment`, and it takes
longer. It seeds itself from the system: two runs differ slightly, which no option changes.
"""

from __future__ import annotations

import tempfile
from itertools import pairwise
from pathlib import Path

import numpy as np

from data.errors import UnavailableError
from lexaug.induction.bitext import Bitext, Integers, Side


def align_both(bitext: Bitext) -> tuple[Integers, Integers]:
    """For every target token its source token, and the other way round; -1 for none.

    Raises:
        UnavailableError: eflomal is not installed, or fails.
    """
    try:
        from eflomal import Aligner
    except ImportError as error:
        raise UnavailableError(
            'the engine eflomal is not installed; pip install -e ".[eflomal]" (with a C compiler),'
            " or choose --engine model2"
        ) from error
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, name) for name in ("forward", "backward")]
        source, target = _lines(bitext.source), _lines(bitext.target)
        try:
            Aligner().align(
                source,
                target,
                links_filename_fwd=str(files[0]),
                links_filename_rev=str(files[1]),
            )
        except (OSError, RuntimeError) as error:
            raise UnavailableError(f"eflomal failed: {error}; try --engine model2") from error
        forward, backward = (read_links(file, bitext) for file in files)
    return _link_of(forward, 1, bitext.target), _link_of(backward, 0, bitext.source)


def read_links(path: Path, bitext: Bitext) -> Integers:
    """Read `0-1 2-0`, a line a sentence, as tokens of the whole text, (links, 2).

    Raises:
        UnavailableError: another number of lines than sentences.
    """
    lines = path.read_text("ascii").splitlines()
    sentences = len(bitext.source.start) - 1
    if len(lines) != sentences:
        raise UnavailableError(
            f"{path}: expected the links of {sentences} sentences, found {len(lines)} lines;"
            " try --engine model2"
        )
    offsets = zip(bitext.source.start.tolist(), bitext.target.start.tolist(), strict=True)
    links = [
        (first + int(left), second + int(right))
        for (first, second), line in zip(offsets, lines, strict=False)
        for left, right in (link.split("-") for link in line.split())
    ]
    return np.array(links, np.int64).reshape(-1, 2)


def _lines(side: Side) -> list[str]:
    """Sentences as eflomal reads them: words between spaces."""
    words = [side.words[word] for word in side.ids.tolist()]
    return [" ".join(words[start:stop]) for start, stop in pairwise(side.start.tolist())]


def _link_of(links: Integers, column: int, side: Side) -> Integers:
    """What each token of one column is linked with in the other; -1 for nothing."""
    result = np.full(len(side.ids), -1)
    result[links[:, column]] = links[:, 1 - column]
    return result
