"""The command line of `training.tokenizer`: train, extend, fertility.

    python -m training.tokenizer extend FOLDER --text swa.txt --size 2000 --out runs/extended \
        --held-out ntrex-128:test:sw --old-text ntrex-128:test:en --lexicon freedict --lang sw

Texts are files, folders or corpora of the catalog: see `data.corpus`.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from data.access import Access
from data.cli import Parser, run
from data.corpus import Corpus, find_corpus
from data.errors import InputError
from data.files import canonical_json, write_whole
from data.load import find_language, load_lexicon
from models.code import without_code
from models.config import CONFIG, model_type
from models.resolve import resolve_model
from models.tokenizer import open_fast_tokenizer
from training.vocabulary.conversion import NORMAL_FORMS
from training.vocabulary.extension import Extension, change, extend
from training.vocabulary.fertility import COLUMNS, fertility, rows
from training.vocabulary.learning import MODELS, save_tokenizer, train_tokenizer
from training.vocabulary.special import ARCHITECTURES, framed

Table = list[tuple[str, str, Any]]

EXTENSION = "extension.json"  # what `extend` did; beside its model


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the options, do one of the three."""
    parser = Parser("training.tokenizer", "Train, extend and measure tokenizers.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_train(commands)
    _add_extend(commands)
    _add_fertility(commands)
    return run(parser, lambda options: _COMMANDS[options.command](options), argv)


def _add_train(commands: Any) -> None:
    one = commands.add_parser("train", help="a new vocabulary from text")
    _add_text(one)
    one.add_argument("--size", type=int, default=8000, help="pieces in all (default 8000)")
    one.add_argument("--model", choices=MODELS, default="unigram", help="default unigram")
    one.add_argument("--sentinels", type=int, default=0, help="<extra_id_N> for spans (T5: 100)")
    one.add_argument("--normal-form", choices=NORMAL_FORMS, default="nfc", help="default nfc")
    one.add_argument(
        "--coverage", type=float, default=0.9999, help="share of characters with a piece"
    )
    one.add_argument(
        "--architecture", choices=ARCHITECTURES, help="put around a text what it expects"
    )
    one.add_argument("--held-out", nargs="+", default=[], help="texts to measure on")
    one.add_common("--out", "--limit", "--offline", "-v")


def _add_extend(commands: Any) -> None:
    one = commands.add_parser("extend", help="new pieces for a model's tokenizer")
    one.add_argument("folder", metavar="MODEL", help="a folder, a catalog name, or a hub id@commit")
    _add_text(one)
    one.add_argument("--size", type=int, default=2000, help="new pieces (default 2000)")
    one.add_argument("--min-count", type=int, default=2, help="uses a new piece must have")
    one.add_argument("--held-out", nargs="+", default=[], help="new language, to measure on")
    one.add_argument("--old-text", nargs="+", default=[], help="old languages, which should stay")
    one.add_argument("--lexicon", help="data set or file whose translations start the embeddings")
    one.add_argument("--from-lang", default="en", help="a language the model knows (default en)")
    one.add_argument("--mix", type=float, default=0.5, help="weight of translations, 0-1")
    one.add_argument("--tokenizer-only", action="store_true", help="leave the model as it is")
    one.add_common("--lang", "--out", "--limit", "--offline", "-v")


def _add_fertility(commands: Any) -> None:
    one = commands.add_parser("fertility", help="pieces per word, and what goes with it")
    one.add_argument("folders", metavar="MODEL", nargs="+", help="folders or names of models")
    _add_text(one)
    one.add_common("--limit", "--offline", "-v")


def _add_text(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--text", nargs="+", required=True, help="files, folders, corpora")
    parser.add_argument("--skip-bad", action="store_true", help="leave bad lines out, counted")


def _train(options: argparse.Namespace) -> None:
    out = _out(options)
    trained = train_tokenizer(
        _lines(options.text, options),
        options.size,
        model=options.model,
        sentinels=options.sentinels,
        normal_form=options.normal_form,
        character_coverage=options.coverage,
    )
    if options.architecture:
        framed(trained.tokenizer, options.architecture)
    trained.save(out)
    print(f"{out}: {len(trained.tokenizer):,} pieces from {trained.record['lines']:,} lines")
    _print_table(_measured([(out.name, trained.tokenizer)], options.held_out, options))


def _extend(options: argparse.Namespace) -> None:
    out = _out(options)
    folder = _folder(options.folder, options)
    old = open_fast_tokenizer(folder)
    extension = extend(
        old, _lines(options.text, options), options.size, min_count=options.min_count
    )
    print(f"{len(extension.pieces):,} new pieces after {extension.old_size:,} old ones")
    for reason, number in extension.dropped.items():
        print(f"  {number:,} candidates not added: {reason}")
    facts = _unmoved(extension, old, options)
    if options.tokenizer_only:
        save_tokenizer(extension.tokenizer, out)
    else:
        facts |= _save_model(folder, extension, out, options)
    write_whole(out / EXTENSION, canonical_json(facts | _record(extension)) + "\n")
    both = [("before", old), ("after", extension.tokenizer)]
    _print_table(_measured(both, [*options.held_out, *options.old_text], options))


def _fertility(options: argparse.Namespace) -> None:
    opened = [(name, open_fast_tokenizer(_folder(name, options))) for name in options.folders]
    _print_table(_measured(opened, options.text, options))


_COMMANDS: dict[str, Callable[[argparse.Namespace], None]] = {
    "train": _train,
    "extend": _extend,
    "fertility": _fertility,
}


def _unmoved(extension: Extension, old: Any, options: argparse.Namespace) -> dict[str, Any]:
    """Say how much of each old text has other ids now."""
    facts = {}
    for name in options.old_text:
        found = change(extension, old, _lines([name], options))
        share = 100 * found.new_pieces / max(found.pieces, 1)
        facts[name] = {
            "texts": found.texts,
            "changed": found.changed,
            "new_pieces_percent": round(share, 3),
            "changed_without_a_new_piece": found.unexplained,
        }
        print(
            f"{name}: {found.changed:,} of {found.texts:,} texts have other ids, {share:.2f} % of"
            f" the pieces are new ones; {found.unexplained:,} changed without a new piece"
        )
    return {"old_texts": facts}


def _save_model(
    folder: Path, extension: Extension, out: Path, options: argparse.Namespace
) -> dict[str, Any]:
    """Extend the model's embeddings and save it with its tokenizer."""
    from training.vocabulary.embeddings import initialise_embeddings, open_model, save_model

    lexicon = None
    if options.lexicon:
        if not options.lang:
            raise InputError("--lexicon needs --lang, the new language")
        new, known = (find_language(code) for code in (options.lang, options.from_lang))
        lexicon = load_lexicon(
            new, known, name=options.lexicon, skip_bad=options.skip_bad, access=Access.of(options)
        )
    model = open_model(folder)
    done = initialise_embeddings(model, extension, lexicon=lexicon, mix=options.mix)
    save_model(model, extension.tokenizer, out)
    print(
        f"{out}: a {model_type(folder)} with {done.rows:,} new embeddings,"
        f" {done.from_lexicon:,} of them with translations"
    )
    return {"rows": done.rows, "from_lexicon": done.from_lexicon, "mix": options.mix}


def _record(extension: Extension) -> dict[str, Any]:
    return {
        "old_size": extension.old_size,
        "dropped": dict(extension.dropped),
        "pieces": [[piece.id, piece.piece, list(piece.sources)] for piece in extension.pieces],
    }


def _measured(
    tokenizers: Sequence[tuple[str, Any]], texts: Iterable[str], options: argparse.Namespace
) -> Table:
    return [
        (label, name, fertility(tokenizer, _lines([name], options)))
        for name in texts
        for label, tokenizer in tokenizers
    ]


def _print_table(table: Table) -> None:
    if not table:
        return
    cells = [COLUMNS, *rows(table)]
    widths = [max(len(row[n]) for row in cells) for n in range(len(COLUMNS))]
    for row in cells:
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        )


def _lines(names: Iterable[str], options: argparse.Namespace) -> Iterator[str]:
    """The texts of corpora, one after the other; `--limit` counts in each.

    What `--skip-bad` leaves out of a corpus is said at its end.
    """
    corpora = [find_corpus(name, access=Access.of(options)) for name in names]
    return chain.from_iterable(_texts(corpus, options) for corpus in corpora)


def _texts(corpus: Corpus, options: argparse.Namespace) -> Iterator[str]:
    dropped = Counter[str]()
    how: dict[str, Any] = {"skip_bad": options.skip_bad, "dropped": dropped}
    for record in corpus.records(limit=options.limit, **how):
        yield record.text
    for reason, number in sorted(dropped.items()):
        _say(f"{corpus.name}: left out, {reason}: {number:,}")


def _folder(name: str, options: argparse.Namespace) -> Path:
    """The folder of a tokenizer alone, or of a model."""
    path = Path(name)
    if (path / "tokenizer.json").is_file():
        return without_code(path, _say)
    return resolve_model(name, offline=options.offline, report=_say).folder


def _say(line: str) -> None:
    print(line, file=sys.stderr)


def _out(options: argparse.Namespace) -> Path:
    if options.out is None:
        raise InputError("expected --out, a folder to write to")
    out = Path(options.out)
    if (out / CONFIG).exists() and not (out / EXTENSION).exists():
        raise InputError(
            f"{out}: holds a model ({CONFIG}), whose tokenizer would be written over; choose"
            " another --out"
        )
    return out
