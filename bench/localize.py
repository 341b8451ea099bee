r"""A translation kept in step over all versions of five sections, while translators are at work.

    python -m bench.localize --history d2l_history

The versions of each section in the folder (`SECTION/001-DATE.md` and so on) are played in order.
Before each one, simulated translators (seeded) change some segments of the translation and add
paragraphs of their own, each with a word that occurs nowhere else. After it, every such word must
be in the translation, or, where its source is gone, in the attic. A stub answers for the engine.
What really changed is counted by a splitter of its own: blocks between blank lines and list marks,
without code, labels and equations.
"""

from __future__ import annotations

import argparse
import random
import re
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from localize.documents import read_document
from localize.state import read_attic
from localize.sync import SyncConfig, synchronize

EDITS = 3  # segments that a translator changes between two versions, at most
_BLOCK = re.compile(r"\n\s*\n|\n(?=\s*(?:[*+-]|[0-9]+\.)\s)")
_FENCE = re.compile(r"^ *(```|~~~).*?^ *\1 *$", re.MULTILINE | re.DOTALL)
_MATH = re.compile(r"^ *\$\$.*?\$\$[ \S]*?$", re.MULTILINE | re.DOTALL)
_LABEL = re.compile(r"^ *:\w+:.*$", re.MULTILINE)
_HEADING = re.compile(r"^(#+ .*)$", re.MULTILINE)
_LETTER = re.compile(r"[^\W\d_]{2}")


def blocks(text: str) -> Counter[str]:
    """The blocks of prose of a page, lines joined; nothing of the package's is used."""
    text = re.sub(r"<!--.*?-->", "", _FENCE.sub("\n\n", text), flags=re.DOTALL)
    for line in (_LABEL, _MATH):
        text = line.sub("\n\n", text)
    text = _HEADING.sub(r"\n\n\1\n\n", text)
    found = (" ".join(block.split()) for block in _BLOCK.split(text))
    return Counter(block for block in found if _LETTER.search(block))


@dataclass
class Tally:
    """What was counted over all versions."""

    versions: int = 0
    changed: int = 0
    asked: int = 0
    edits: int = 0
    lost: int = 0
    attic: int = 0
    moved: int = 0
    outdated: int = 0
    seconds: float = 0.0
    words: list[str] = field(default_factory=list)


def sections(root: Path) -> list[Path]:
    """The folders with the versions of one section each."""
    return sorted({path.parent for path in root.rglob("*.md") if path.name != "README.md"})


def edit(path: Path, rng: random.Random, tally: Tally, number: int) -> None:
    """A translator's work on one file: words of some segments, a note of their own, a choice."""
    document = read_document(path)
    count = min(rng.randrange(EDITS + 1), len(document.segments))
    texts = {}
    for place in rng.sample(range(len(document.segments)), count):
        segment = document.segments[place]
        word = f"edited{number}x{place}x{rng.randrange(10**6)}"
        raw = document.raw(place)
        behind = (
            raw[len(raw) - segment.marker.stop + segment.marker.start :] if segment.marker else ""
        )
        if segment.marker and rng.random() < 0.5:
            behind = ""  # a translator who has looked at the proposal takes the marker out
        if segment.kind in ("paragraph", "item", "quote"):
            texts[place] = f"{segment.text} {word}{behind}"
            tally.words.append(word)
    made = document.rebuilt(texts).decode("utf-8", "surrogateescape")
    if rng.random() < 0.1:
        word = f"note{number}x{rng.randrange(10**6)}"
        made = made.rstrip("\n") + f"\n\nA {word} of the translator's.\n"
        tally.words.append(word)
    path.write_bytes(made.encode("utf-8", "surrogateescape"))


def play(versions: Sequence[Path], seed: int, tally: Tally) -> None:
    """One section, all of its versions."""
    rng = random.Random(f"{seed} {versions[0].parent.name}")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        source, target = root / "docs" / "page.md", root / "out"
        source.parent.mkdir()
        config = SyncConfig(source=root / "docs", target=target, lang="tr", engine="stub")
        before = Counter[str]()
        words = Tally()
        for number, version in enumerate(versions):
            source.write_bytes(version.read_bytes())
            now = blocks(version.read_text("utf-8"))
            started = time.perf_counter()
            report = synchronize(config)
            tally.seconds += time.perf_counter() - started
            if number:
                tally.versions += 1
                tally.changed += (now - before).total()
                tally.asked += report.asked
                tally.moved += report.counts["moved"]
            before = now
            page = (target / "page.md").read_text("utf-8", "surrogateescape")
            attic = "\n".join(old.target for old in read_attic(target))
            tally.lost += sum(word not in page and word not in attic for word in words.words)
            edit(target / "page.md", rng, words, number)
        synchronize(config)
        page = (target / "page.md").read_text("utf-8", "surrogateescape")
        attic = "\n".join(old.target for old in read_attic(target))
        tally.lost += sum(word not in page and word not in attic for word in words.words)
        tally.attic += sum(word not in page for word in words.words)
        tally.outdated += page.count("<!-- localize: outdated")
        tally.edits += len(words.words)


def lines(tally: Tally) -> Iterator[str]:
    """The figures."""
    yield f"versions          {tally.versions:,} after the first ones"
    yield f"edits             {tally.edits:,}, lost {tally.lost:,}, in the attic {tally.attic:,}"
    yield f"blocks changed    {tally.changed:,} by a splitter of the bench's own"
    ratio = tally.asked / max(tally.changed, 1)
    yield f"blocks asked      {tally.asked:,}, {ratio:.3f} times those that changed"
    yield f"moved             {tally.moved:,} kept their translation"
    yield f"outdated at last  {tally.outdated:,}, marked in the file"
    yield f"seconds           {tally.seconds:.1f} of sync"


def main(argv: Sequence[str] | None = None) -> int:
    """Play all sections and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--history", type=Path, required=True, help="a folder of versions")
    options = parser.parse_args(argv)
    tally = Tally()
    for folder in sections(options.history):
        play(sorted(folder.glob("*.md")), options.seed, tally)
        print(folder.name, tally.versions, tally.edits, tally.lost, tally.asked, tally.changed)
    for line in lines(tally):
        print(line)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
