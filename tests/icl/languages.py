"""A test set of several languages, for tests: one file, a column a language."""

from __future__ import annotations

from pathlib import Path

from data.languages import resolve
from data.load import load_parallel


def write_test_set(path: Path, *codes: str, rows: int = 24) -> str:
    """English beside Swahili, and beside words of no language in the other columns."""
    pairs = load_parallel("sample", resolve("sw"), resolve("en")).pairs[:rows]
    lines = ["\t".join(["en", *codes])]
    for pair in pairs:
        cells = [pair.source if code == "sw" else _invented(pair.source, code) for code in codes]
        lines.append("\t".join([pair.target, *cells]))
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return str(path)


def _invented(sentence: str, code: str) -> str:
    """The same sentence with other vowels, and in the script of Amharic if it is asked for."""
    if code == "am":
        return "".join(chr(0x1200 + 8 * (ord(c) % 30)) if c.isalpha() else c for c in sentence)
    return sentence.translate(str.maketrans("aeiou", {"yo": "ẹọaei", "zu": "eiouu"}[code]))
