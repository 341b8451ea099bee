r"""What a project's own translations are worth as examples: none, paragraphs, sentences.

    python -m bench.localize_examples --root MIRROR --out runs/examples

Ten sections of each book are put aside, those of the seed's table first; of each some paragraphs
are translated with no example, with the most similar paragraphs of the other sections, and with the
most similar sentences of them. What is nearly the same as a test text (an earlier version of it) is
kept out of the memory. Replies are scored as they came, beside the source copied and the
translation of the most similar paragraph. Answers are written as they come: a killed run goes on.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from data.access import Access
from data.languages import resolve
from icl.shots import select_shots
from localize.asking import Ask, open_translator
from localize.documents import read_document
from localize.marks import protected
from localize.matching import alike
from localize.memory import Memory, Remembered
from localize.pair import Paired, pair_documents, sentences_of
from localize.translate import TranslateConfig
from metrics.translation import score

FIRST = (
    *("approx-training", "bert-dataset", "language-models-and-dataset"),
    *("machine-translation-and-dataset", "sentiment-analysis-and-dataset"),
)
SECTIONS = 10
SHORTEST, LONGEST = 60, 240  # characters of a test text
NEARLY = 0.7  # likeness from which a text is an earlier version of another
SURE = 0.8  # score from which a pair is taken


@dataclass(frozen=True)
class Book:
    """A language's test texts, and the paragraphs that may be shown."""

    code: str
    tests: tuple[Paired, ...]
    paragraphs: tuple[Paired, ...]
    left_out: int


def files(root: Path, name: str, code: str) -> list[tuple[Path, Path]]:
    """(English, translation) of each section."""
    if name == "d2l":
        there = sorted((root / name / code).rglob("*.md"))
        pairs = [
            (root / name / "en" / path.relative_to(root / name / code), path) for path in there
        ]
    else:
        there = sorted((root / name).rglob("*_origin.md"))
        pairs = [(path, path.with_stem(path.stem.removesuffix("_origin"))) for path in there]
    return [pair for pair in pairs if pair[0].is_file() and "README" not in pair[1].name]


def book(root: Path, name: str, code: str, each: int, seed: int) -> Book:
    """Ten sections put aside, and the memory of the others."""
    rng = random.Random(seed)
    sections = files(root, name, code)
    first = [pair for pair in sections if pair[1].stem in FIRST]
    rest = [pair for pair in sections if pair[1].stem not in FIRST]
    aside = [*first, *rng.sample(rest, SECTIONS - len(first))]
    tests, paragraphs = list[Paired](), list[Paired]()
    for source, target in sections:
        pairs, _ = pair_documents(read_document(source), read_document(target), target.stem)
        sure = [pair for pair in pairs if pair.score >= SURE]
        if (source, target) not in aside:
            paragraphs += sure
            continue
        fit = [pair for pair in sure if SHORTEST <= len(pair.source) <= LONGEST]
        tests += rng.sample(fit, min(each, len(fit)))
    kept = [
        pair for pair in paragraphs if all(alike(pair.source, t.source) < NEARLY for t in tests)
    ]
    return Book(code, tuple(tests), tuple(kept), len(paragraphs) - len(kept))


def memory_of(book: Book, how: str) -> Memory:
    """What may be shown: nothing, paragraphs, or their sentences."""
    memory = Memory()
    for pair in book.paragraphs if how != "none" else ():
        parts = [pair] if how == "paragraph" else sentences_of(pair, ("en", book.code))
        for part in parts:
            memory.add(Remembered(part.source, part.target, part.document))
    return memory


def nearest(book: Book) -> list[str]:
    """The translation of the most similar paragraph: what a memory alone would offer."""
    pool = memory_of(book, "paragraph").pairs()
    texts = [test.source for test in book.tests]
    shots = select_shots("bm25", pool, texts, 1, language=resolve("en"), seed=1, key="localize")
    return [one[0].target for one in shots]


def replies(book: Book, how: str, options: argparse.Namespace) -> list[str]:
    """The engine's answers; those that a killed run had are not asked again."""
    folder: Path = options.out / f"{book.code}-{how}"
    folder.mkdir(parents=True, exist_ok=True)
    config = TranslateConfig(
        documents=folder,
        lang=book.code,
        engine=options.engine,
        model=options.model,
        shots=0 if how == "none" else options.shots,
        max_new_tokens=options.max_new_tokens,
        batch_size=options.batch_size,
    )
    translator = open_translator(config, memory_of(book, how), folder / "answers.jsonl", Access())
    asks = [Ask(test.source, protected(test.source)) for test in book.tests]
    told = translator.replies(asks)
    if translator.journal is not None:
        translator.journal.close()
    return told


def lines(book: Book, system: str, told: Sequence[str]) -> Iterator[str]:
    """A system's figures."""
    references = [test.target for test in book.tests]
    for name in ("chrF++", "BLEU"):
        figure = score(list(told), references, name=name, target_language=book.code)
        yield f"{book.code}\t{system}\t{figure}\t{len(told)}"


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print a row a book, a system and a metric."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--books", default="d2l:zh,d2l_tr:tr,d2l_vi:vi")
    parser.add_argument("--root", type=Path, required=True, help="the folder with the books")
    parser.add_argument("--each", type=int, default=2, help="texts of a section")
    parser.add_argument("--shots", type=int, default=2)
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--model", default="smollm2-135m-instruct")
    parser.add_argument("--max-new-tokens", type=int, default=100)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(argv)
    books = []
    for told in options.books.split(","):
        name, _, code = told.partition(":")
        made = book(options.root, name, code, options.each, options.seed)
        print(
            f"# {code}: {len(made.tests)} texts, memory of {len(made.paragraphs)} paragraphs;"
            f" {made.left_out} left out as nearly the same"
        )
        books.append(made)
        for system, answers in (
            ("copy", [test.source for test in made.tests]),
            ("nearest", nearest(made)),
        ):
            print(*lines(made, system, answers), sep="\n", flush=True)
    for how in ("none", "sentence", "paragraph"):
        for made in books:
            print(*lines(made, how, replies(made, how, options)), sep="\n", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
