"""A lexicon from a small parallel text: python -m lexaug.induce

    python -m lexaug.induce --lang sw --corpus lafand --split train --out lexicon.en-sw.tsv
    python -m lexaug.induce --lang wo --corpus my_pairs.tsv --engine eflomal

The text is aligned in both directions; words and short phrases that both directions link often
enough become entries, best first, and their quality is printed. Written are a table that the
lexicon readers take (columns en, the target's code, score, count, forward, backward: see
`lexaug.induction.extraction`) and, beside it, a JSON file with the settings, the corpus with its
checksum and licence, and the quality. The same text and settings give the same bytes.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from data.access import Access
from data.cli import COMMON, Parser, run
from data.errors import InputError
from data.files import write_whole
from data.languages import Language, resolve
from data.load import ParallelCorpus, find_language, is_pairs_file, load_parallel, splits
from data.tsv import write_tsv
from lexaug.induction import steps as induction
from lexaug.induction.alignment import DEFAULT
from lexaug.induction.extraction import Thresholds
from lexaug.induction.lexicon_quality import Quality, Share, Support
from lexaug.induction.steps import ENGINES, Induced

_DEFAULTS = Thresholds()


@dataclass(frozen=True, slots=True)
class Judgement:
    """Figures of quality and what they are measured against."""

    against: str
    figures: Quality | Support

    def shares(self) -> dict[str, Share]:
        """The figures by name."""
        return {one.name: getattr(self.figures, one.name) for one in fields(self.figures)}


def main(argv: Sequence[str] | None = None) -> int:
    """The command line."""
    return run(_parser(), _command, argv)


def write(path: Path, induced: Induced, corpus: ParallelCorpus, about: Mapping[str, Any]) -> None:
    """Write the table, and what it was made from to a JSON file of the same name."""
    columns = (corpus.source.bcp47, corpus.target.bcp47, "score", "count", "forward", "backward")
    rows = (
        (
            *(one.english, one.target, f"{one.score:.4f}", str(one.count)),
            *(f"{one.forward:.4f}", f"{one.backward:.4f}"),
        )
        for one in induced.entries
    )
    write_tsv(path, columns, rows)
    text = json.dumps(about, ensure_ascii=False, indent=2, sort_keys=True)
    write_whole(path.with_suffix(".json"), text + "\n")


def description(
    induced: Induced,
    corpus: ParallelCorpus,
    thresholds: Thresholds,
    engine: str,
    judged: Sequence[Judgement],
) -> dict[str, Any]:
    """All that is needed to make the lexicon again, and how good it is."""
    return {
        "corpus": {
            "name": corpus.name,
            "split": corpus.split,
            "sentence pairs": len(corpus.pairs),
            "sha256": corpus.sha256,
            "licence": corpus.licence,
            "left out": dict(sorted(induced.dropped_pairs.items())),
            "remarks": list(corpus.remarks),
        },
        "engine": engine,
        "aligner": asdict(DEFAULT) if engine == "model2" else {},
        "deterministic": engine == "model2",
        "thresholds": asdict(thresholds),
        "entries": len(induced.entries),
        "headwords": len(induced.translations()),
        "left out": dict(sorted(induced.dropped_candidates.items())),
        "quality": {
            one.against: {name: share.as_json() for name, share in one.shares().items()}
            for one in judged
        },
        "kilolingua": version("kilolingua"),
    }


def _parser() -> Parser:
    parser = Parser("lexaug.induce", __doc__ or "")
    add = parser.add_argument
    add("--lang", required=True, help=COMMON["--lang"]["help"])
    add("--corpus", required=True, help="data set of the catalog, sample, a .tsv or .tmx file")
    add("--split", help="part of a data set (default: train)")
    add("--out", type=Path, help="table to write (default: lexicon.en-LANG.tsv)")
    add("--engine", choices=ENGINES, default="model2", help="aligner (default: model2)")
    add("--min-count", type=int, default=_DEFAULTS.min_count, help="links of a word (default 2)")
    add("--min-score", type=float, default=_DEFAULTS.min_score, help="0 to 1 (default 0.1)")
    add("--keep-names", action="store_true", help="keep what both languages spell the same")
    add("--skip-bad", action="store_true", help="leave bad lines of a file out and count them")
    parser.add_common("--limit", "--offline", "-v")
    return parser


def _command(options: argparse.Namespace) -> None:
    started = time.perf_counter()
    thresholds = _thresholds(options)
    language = find_language(options.lang, access=Access.of(options))
    path = _path(options.out, language)
    corpus = _load(options, language)
    corpus = replace(corpus, pairs=corpus.pairs[: options.limit])
    induced = induction.induce(corpus, thresholds, engine=options.engine)
    judged = _judged(induced, corpus, thresholds, Access.of(options))
    write(path, induced, corpus, description(induced, corpus, thresholds, options.engine, judged))
    _show(path, induced, corpus, judged)
    print(f"{time.perf_counter() - started:.0f} s")


def _thresholds(options: argparse.Namespace) -> Thresholds:
    if options.min_count < 1:
        raise InputError(f"--min-count: expected 1 or more, found {options.min_count}; raise it")
    if not 0 <= options.min_score <= 1:
        raise InputError(f"--min-score: expected 0 to 1, found {options.min_score}; change it")
    if options.limit is not None and options.limit < 1:
        raise InputError(f"--limit: expected 1 or more, found {options.limit}; raise it")
    return Thresholds(
        min_count=options.min_count,
        min_score=options.min_score,
        keep_names=options.keep_names,
    )


def _path(out: Path | None, language: Language) -> Path:
    path: Path = out or Path(f"lexicon.en-{language.bcp47}.tsv")
    if path.is_dir() or path.suffix == ".json":
        raise InputError(f"--out: expected the name of a table, found {path}; end it in .tsv")
    return path


def _load(options: argparse.Namespace, language: Language) -> ParallelCorpus:
    name: str = options.corpus
    one_part = name == "sample" or is_pairs_file(name)
    part = options.split or (None if one_part else "train")
    return load_parallel(
        name,
        resolve("en"),
        language,
        part,
        skip_bad=options.skip_bad,
        access=Access.of(options),
    )


def _judged(
    induced: Induced, corpus: ParallelCorpus, thresholds: Thresholds, access: Access
) -> list[Judgement]:
    """What can be said of the quality: a known lexicon and a development part, if there are any."""
    judged = []
    known = induction.known_translations(corpus.target, access=access)
    if known:
        quality = induction.against_known(induced, known, min_count=thresholds.min_count)
        names = " and ".join(known.names)
        judged.append(Judgement(f"held-back half of {names} (precision: lower bounds)", quality))
    unseen = None if corpus.origin == "a file" else splits(corpus.name)[1]
    if unseen and unseen != corpus.split:
        dev = load_parallel(corpus.name, corpus.source, corpus.target, unseen, access=access)
        found = induction.against_unseen(induced, dev.pairs)
        judged.append(Judgement(f"{corpus.name} {unseen}, unseen", found))
    return judged


def _show(
    path: Path, induced: Induced, corpus: ParallelCorpus, judged: Sequence[Judgement]
) -> None:
    print(
        f"{path}: {len(induced.entries)} entries for {len(induced.translations())} headwords, from"
        f" {len(induced.pairs)} sentence pairs of {corpus.name} {corpus.split} ({corpus.licence})"
    )
    for remark in corpus.remarks:
        print(remark)
    for what, reasons in (
        ("pairs", induced.dropped_pairs),
        ("candidates", induced.dropped_candidates),
    ):
        told = "; ".join(f"{reason} ({number})" for reason, number in reasons.items() if number)
        print(f"{what} left out: {told or 'none'}")
    for judgement in judged:
        print(f"{judgement.against}:")
        for name, share in judgement.shares().items():
            print(f"  {name:10} {share}")
    if not judged:
        print(f"quality not known: no lexicon of {corpus.target.name}, no unseen sentences")


if __name__ == "__main__":
    raise SystemExit(main())
