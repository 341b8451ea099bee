"""Lexicons from English for languages that no dictionary at hand has: out of small parallel texts.

    python -m bench.nlu_lexicons --langs kk,zh --out runs/bench-nlu/lexicons

The sentences of NTREX-128 and of Tatoeba together, aligned and extracted by `lexaug.induce`'s
steps. Chinese has no spaces: its characters are aligned, and those of an entry put together again.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from data.access import Access
from data.errors import KilolinguaError
from data.languages import resolve
from data.load import load_parallel
from data.tsv import write_tsv
from data.words import writes_without_spaces
from lexaug.induction.steps import induce

TEXTS = ("ntrex-128", "tatoeba")


def induced_lexicon(code: str, folder: Path, access: Access) -> Path:
    """The table of a language, columns en and the language's code, best entry first; made once.

    Raises:
        InputError: too few sentences of the language.
        UnavailableError: a text cannot be had.
    """
    path = folder / f"{code}.tsv"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        languages = resolve("en"), resolve(code)
        texts = [load_parallel(name, *languages, "test", access=access) for name in TEXTS]
        pairs = tuple(
            replace(pair, target=apart(pair.target)) for text in texts for pair in text.pairs
        )
        entries = induce(replace(texts[0], name=" and ".join(TEXTS), pairs=pairs)).entries
        rows = ((one.english, together(one.target)) for one in entries)
        write_tsv(path, ("en", code), rows)
    return path


def apart(text: str) -> str:
    """Spaces around each character of a script that has none.

    >>> apart("明天 ok？")
    '明 天 ok？'
    """
    spaced = (f" {one} " if writes_without_spaces(one) else one for one in text)
    return " ".join("".join(spaced).split())


def together(phrase: str) -> str:
    """The words of an entry, characters of scripts without spaces put together again.

    >>> together("明 天"), together("ертең таңда")
    ('明天', 'ертең таңда')
    """
    return phrase.replace(" ", "") if writes_without_spaces(phrase[0]) else phrase


def main(argv: Sequence[str] | None = None) -> int:
    """Make the tables and print how many entries they have."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--langs", default="kk,zh")
    parser.add_argument("--out", type=Path, default=Path("runs/bench-nlu/lexicons"))
    given = parser.parse_args(argv)
    try:
        for code in given.langs.split(","):
            path = induced_lexicon(code, given.out, Access(report=print))
            print(f"{path}: {len(path.read_text('utf-8').splitlines()) - 1:,} entries")
    except KilolinguaError as error:
        parser.exit(2, f"python -m bench.nlu_lexicons: error: {error}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
