"""The command line of `training.tokenizer`: train, extend, trim, fertility.

    python -m training.tokenizer extend FOLDER --text swa.txt --size 2000 --out runs/extended \
        --held-out ntrex-128:test:sw --old-text ntrex-128:test:en --lexicon freedict --lang sw
    python -m training.tokenizer trim multilingual-e5-small --text swa.txt --out runs/trimmed

Texts are files, folders or corpora of the catalog: see `data.corpus`.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.access import Access
from data.cli import Parser, run
from data.errors import InputError
from data.files import canonical_json, write_whole
from data.options import add_options, check, common, config_of, option
from runfolder.console import aligned, say, show

if TYPE_CHECKING:
    from data.corpus import Corpus
    from training.tokenizer.extension import Extension

Table = list[tuple[str, str, Any]]

EXTENSION = "extension.json"  # what `extend` did; beside its model


@dataclass(frozen=True, slots=True, kw_only=True)
class TextOptions:
    """Which text is read, and how."""

    text: tuple[str, ...] = option((), "files, folders, corpora", required=True)
    skip_bad: bool = option(False, "leave bad lines out, counted")
    limit: int | None = common("--limit", least=1)
    offline: bool = common("--offline")

    def __post_init__(self) -> None:
        check(self)

    @property
    def access(self) -> Access:
        """How the texts are reached."""
        return Access.of(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainOptions(TextOptions):
    """A new vocabulary from text."""

    size: int = option(8000, "pieces in all")
    model: str = option("unigram", "kind of vocabulary", choices=("unigram", "bpe"))
    sentinels: int = option(0, "<extra_id_N> for spans (T5: 100)")
    normal_form: str = option("nfc", "of the text", choices=("nfc", "nfkc", "none"))
    coverage: float = option(0.9999, "share of characters with a piece")
    architecture: str | None = option(
        None,
        "put around a text what it expects",
        choices=("encoder", "decoder", "encoder-decoder"),
    )
    boundaries: Path | None = option(
        None,
        "words and their morphemes, of morph.analyse --segment: no piece crosses a boundary",
        metavar="FILE",
    )
    held_out: tuple[str, ...] = option((), "texts to measure on")
    out: Path | None = common("--out", required=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendOptions(TextOptions):
    """New pieces for a model's tokenizer."""

    folder: str = option(
        None,
        "a folder, a catalog name, or a hub id@commit",
        flag="folder",
        metavar="MODEL",
        required=True,
    )
    size: int = option(2000, "new pieces")
    min_count: int = option(2, "uses a new piece must have")
    held_out: tuple[str, ...] = option((), "new language, to measure on")
    old_text: tuple[str, ...] = option((), "old languages, which should stay")
    lexicon: str | None = option(None, "data set or file whose translations start the embeddings")
    from_lang: str = option("en", "a language the model knows")
    mix: float = option(0.5, "weight of translations, 0-1")
    tokenizer_only: bool = option(False, "leave the model as it is")
    lang: str | None = common("--lang")
    out: Path | None = common("--out", required=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrimOptions(TextOptions):
    """A model with the pieces alone that some texts need."""

    folder: str = option(
        None,
        "a folder, a catalog name, or a hub id@commit",
        flag="folder",
        metavar="MODEL",
        required=True,
    )
    scripts: tuple[str, ...] = option(
        (), "whole scripts to keep, by ISO 15924: Latn,Ethi", separator=",", metavar="CODES"
    )
    pieces: int | None = option(None, "at most so many; the least used go", metavar="N", least=1)
    held_out: tuple[str, ...] = option((), "other texts, to measure on")
    updates: int = option(3, "updates of each model to time; 0 for none", metavar="N", least=0)
    out: Path | None = common("--out", required=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class FertilityOptions(TextOptions):
    """Pieces per word, and what goes with it."""

    folders: tuple[str, ...] = option(
        (), "folders or names of models", flag="folders", metavar="MODEL", required=True
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the options, do one of the four."""
    parser = Parser("training.tokenizer", "Train, extend, trim and measure tokenizers.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (config, _) in _COMMANDS.items():
        about = (config.__doc__ or "").rstrip(".")
        one = commands.add_parser(name, help=about[0].lower() + about[1:])
        add_options(one, config)
        one.add_common("-v")
    return run(parser, _command, argv)


def _command(given: argparse.Namespace) -> None:
    config, do = _COMMANDS[given.command]
    do(config_of(config, given))


def _train(options: TrainOptions) -> None:
    from training.tokenizer.boundaries import read_boundaries
    from training.tokenizer.learning import train_tokenizer
    from training.tokenizer.special import framed

    out = _out(options)
    boundaries = None
    if options.boundaries is not None:
        boundaries = read_boundaries(options.boundaries, skip_bad=options.skip_bad)
    trained = train_tokenizer(
        _lines(options.text, options),
        options.size,
        model=options.model,  # type: ignore[arg-type]  # `check` has seen the choices
        sentinels=options.sentinels,
        normal_form=options.normal_form,  # type: ignore[arg-type]
        character_coverage=options.coverage,
        boundaries=boundaries,
    )
    if options.architecture:
        framed(trained.tokenizer, options.architecture)
    trained.save(out)
    show(f"{out}: {len(trained.tokenizer):,} pieces from {trained.record['lines']:,} lines")
    if boundaries is not None:
        cut, words = trained.record["words cut"], trained.record["words"]
        show(f"{cut:,} of {words:,} words are cut at morphemes of {options.boundaries}")
    _print_table(_measured([(out.name, trained.tokenizer)], options.held_out, options))


def _extend(options: ExtendOptions) -> None:
    from models.tokenizer import open_fast_tokenizer
    from training.tokenizer.extension import extend
    from training.tokenizer.learning import save_tokenizer

    out = _out(options)
    folder = _folder(options.folder, options)
    old = open_fast_tokenizer(folder)
    extension = extend(
        old, _lines(options.text, options), options.size, min_count=options.min_count
    )
    show(f"{len(extension.pieces):,} new pieces after {extension.old_size:,} old ones")
    for reason, number in extension.dropped.items():
        show(f"  {number:,} candidates not added: {reason}")
    facts = _unmoved(extension, old, options)
    if options.tokenizer_only:
        save_tokenizer(extension.tokenizer, out)
    else:
        facts |= _save_model(folder, extension, out, options)
    write_whole(out / EXTENSION, canonical_json(facts | _record(extension)) + "\n")
    both = [("before", old), ("after", extension.tokenizer)]
    _print_table(_measured(both, [*options.held_out, *options.old_text], options))


def _trim(options: TrimOptions) -> None:
    from models.tokenizer import open_fast_tokenizer
    from training.tokenizer.trimmed_model import told, trim_model

    folder = _folder(options.folder, options)
    out = _new_folder(options, folder)
    _lines(options.held_out, options)  # a wrong name is told before the work
    facts = trim_model(
        folder,
        out,
        lambda: _lines(options.text, options),
        scripts=options.scripts,
        pieces=options.pieces,
        updates=options.updates,
        held_out={name: partial(_lines, [name], options) for name in options.held_out},
    )
    for line in aligned(list(told(facts))):
        show(line)
    for reason, number in facts["kept"].items():
        show(f"  {number:,} {reason}")
    if facts["changed"]:
        show(f"{facts['changed']:,} of {facts['texts']:,} texts are cut in another way than before")
    else:
        show(f"all {facts['texts']:,} texts are cut as before")
    if "largest_difference" in facts:
        show(f"outputs on the first texts differ by at most {facts['largest_difference']:.1g}")
    both = [("before", open_fast_tokenizer(folder)), ("after", open_fast_tokenizer(out))]
    _print_table(_measured(both, options.held_out, options))


def _fertility(options: FertilityOptions) -> None:
    from models.tokenizer import open_fast_tokenizer

    opened = [(name, open_fast_tokenizer(_folder(name, options))) for name in options.folders]
    _print_table(_measured(opened, options.text, options))


_COMMANDS: dict[str, tuple[type[Any], Callable[[Any], None]]] = {
    "train": (TrainOptions, _train),
    "extend": (ExtendOptions, _extend),
    "trim": (TrimOptions, _trim),
    "fertility": (FertilityOptions, _fertility),
}


def _unmoved(extension: Extension, old: Any, options: ExtendOptions) -> dict[str, Any]:
    """Say how much of each old text has other ids now."""
    from training.tokenizer.extension import change

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
        show(
            f"{name}: {found.changed:,} of {found.texts:,} texts have other ids, {share:.2f} % of"
            f" the pieces are new ones; {found.unexplained:,} changed without a new piece"
        )
    return {"old_texts": facts}


def _save_model(
    folder: Path, extension: Extension, out: Path, options: ExtendOptions
) -> dict[str, Any]:
    """Extend the model's embeddings and save it with its tokenizer."""
    from data.load import find_language, load_lexicon
    from models.config import model_type
    from training.tokenizer.embeddings import initialise_embeddings, open_model, save_model

    lexicon = None
    if options.lexicon:
        if not options.lang:
            raise InputError("--lexicon needs --lang, the new language")
        codes = (options.lang, options.from_lang)
        new, known = (find_language(code, access=options.access) for code in codes)
        lexicon = load_lexicon(
            new, known, name=options.lexicon, skip_bad=options.skip_bad, access=options.access
        )
    model = open_model(folder)
    done = initialise_embeddings(model, extension, lexicon=lexicon, mix=options.mix)
    save_model(model, extension.tokenizer, out)
    show(
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
    tokenizers: Sequence[tuple[str, Any]], texts: Iterable[str], options: TextOptions
) -> Table:
    from training.tokenizer.fertility import fertility

    return [
        (label, name, fertility(tokenizer, _lines([name], options)))
        for name in texts
        for label, tokenizer in tokenizers
    ]


def _print_table(table: Table) -> None:
    if not table:
        return
    from training.tokenizer.fertility import COLUMNS, rows

    for line in aligned([COLUMNS, *rows(table)]):
        show(line)


def _lines(names: Iterable[str], options: TextOptions) -> Iterator[str]:
    """The texts of corpora, one after the other; `--limit` counts in each.

    What `--skip-bad` leaves out of a corpus is said at its end.
    """
    from data.corpus import find_corpus

    corpora = [find_corpus(name, access=options.access) for name in names]
    return chain.from_iterable(_texts(corpus, options) for corpus in corpora)


def _texts(corpus: Corpus, options: TextOptions) -> Iterator[str]:
    dropped = Counter[str]()
    how: dict[str, Any] = {"skip_bad": options.skip_bad, "dropped": dropped}
    for record in corpus.records(limit=options.limit, **how):
        yield record.text
    for reason, number in sorted(dropped.items()):
        say(f"{corpus.name}: left out, {reason}: {number:,}")


def _folder(name: str, options: TextOptions) -> Path:
    """The folder of a tokenizer alone, or of a model."""
    from models.code import without_code
    from models.resolve import resolve_model

    path = Path(name)
    if (path / "tokenizer.json").is_file():
        return without_code(path, Access(report=say))
    return resolve_model(name, Access.of(options, say)).folder


def _new_folder(options: TrimOptions, model: Path) -> Path:
    """The folder to write to, which is taken away first: one that `trim` wrote, or none."""
    from training.tokenizer.trimmed_model import TRIM

    out = Path(options.out or "")
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not (out / TRIM).exists())):
        raise InputError(f"{out}: is there, and trim did not write it; choose another --out")
    if out.resolve() == model.resolve():
        raise InputError(f"{out}: is the model to trim; choose another --out")
    return out


def _out(options: TrainOptions | ExtendOptions) -> Path:
    """The folder to write to, in which there is no model of other making."""
    from models.config import CONFIG

    out = Path(options.out or "")
    if (out / CONFIG).exists() and not (out / EXTENSION).exists():
        raise InputError(
            f"{out}: holds a model ({CONFIG}), whose tokenizer would be written over; choose"
            " another --out"
        )
    return out


if __name__ == "__main__":
    raise SystemExit(main())
