"""All that a run needs before its first block: language, text, lexicon, table, settings.

The settings are what config.json holds. They name everything that the bytes of the result hang
on, and nothing that they do not hang on: not the number of workers.
"""

from __future__ import annotations

import importlib.metadata
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from data.access import Access, quiet
from data.bounded import check_shape, read_json
from data.catalog import catalog
from data.errors import InputError
from data.faults import fault_of
from data.files import canonical_json, sha256_text, sweep, write_whole
from data.languages import Language, resolve
from data.lexicon import Lexicon
from data.lexicons.merge import merge
from data.load import find_language, load_lexicon
from data.load_lexicon import HEADER
from lexaug.paradigms import Inflection, find_inflection
from lexaug.phrases import PhraseTable, compile_phrases
from lexaug.synthesis.blocks import Unit
from lexaug.synthesis.inputs import NOT_STATED, Text, find_text
from lexaug.synthesis.journal import JOURNAL
from lexaug.synthesis.licences import combined
from lexaug.synthesis.line_work import LineWork, Work
from lexaug.synthesis.run import SynthesisConfig
from lexaug.synthesis.tag_work import TagWork, told_of

CONFIG = "config.json"
PACKAGES = ("kilolingua", "numba", "numpy", "pyarrow", "zstandard")

# What may differ where a run goes on, and is read from the folder then.
UNCOMPARED = {"text": {"name": str}, "notes": [str], "versions": {str: str}}
# Settings that may differ between two starts of one run.
FREE = ("text.name", "notes", "versions.numba", "versions.numpy", "versions.python")

Say = Callable[[str], None]


@dataclass(frozen=True)
class Prepared:
    """A run that can begin."""

    config: SynthesisConfig
    language: Language
    text: Text
    table: PhraseTable
    work: Work
    unit: Unit
    folder: Path
    settings: dict[str, Any]


def prepare(config: SynthesisConfig, say: Say | None = None) -> Prepared:
    """Find and read everything; nothing is written but the cache.

    Raises:
        InputError: something that the options name does not exist or does not fit.
        UnavailableError: a file of the catalog cannot be had, or a package is missing.
    """
    language = find_language(config.lang, access=Access.of(config, say or quiet))
    labelled = config.mode == "tags"
    text = find_text(
        config.input, labelled=labelled, target=language, offline=config.offline, report=say
    )
    table, inflection = find_table(config, language, say)
    told = told_of(text, config, say) if labelled else None
    scheme = told.scheme if told else None
    settings = _settings(config, language, text, table.lexicon, inflection, scheme)
    digest = sha256_text(canonical_json({**settings, "versions": None}))[:12]
    return Prepared(
        config,
        language,
        text,
        table,
        TagWork(config, text.name, table, told) if told else LineWork(config, text.name, table),
        "sentence" if labelled else "line",
        config.out or Path("runs") / f"synthesis-{digest}",
        settings,
    )


def find_table(
    config: SynthesisConfig, language: Language, say: Say | None = None
) -> tuple[PhraseTable, Inflection]:
    """The phrases of the lexicon, inflected by what is at hand."""
    lexicon = find_lexicon(config, language, say)
    inflection = find_inflection(
        language,
        wanted=config.inflect,
        way=config.inflect_with,
        least=config.inflect_confidence,
        offline=config.offline,
        report=say,
    )
    table = compile_phrases(
        lexicon, config.policy, analyser=inflection.analyser, inflector=inflection.inflector
    )
    return table, inflection


def find_lexicon(config: SynthesisConfig, language: Language, say: Say | None) -> Lexicon:
    """The lexicon that `--lexicon` names; several with commas between are merged, first first."""
    names = config.lexicon.split(",") if config.lexicon else [None]
    found = [
        load_lexicon(
            resolve("en"),
            language,
            name=name,
            format=config.lexicon_format,
            header=HEADER[config.lexicon_header],
            skip_bad=config.skip_bad,
            access=Access.of(config, say or quiet),
        )
        for name in names
    ]
    return found[0] if len(found) == 1 else merge(found)


def open_folder(prepared: Prepared) -> dict[str, Any]:
    """Begin the run's folder, or find that it is this run's; return the settings in it.

    Raises:
        InputError: the folder holds something else, or a run with other settings.
    """
    path = prepared.folder / CONFIG
    sweep(prepared.folder)
    if path.exists():
        before = _read_settings(path)
        # A run that stopped at a bad line goes on without it: what is done had none.
        held = before | ({"skip_bad": True} if prepared.settings["skip_bad"] else {})
        changed = list(differences(held, prepared.settings))
        if not changed:
            if held != before:
                write_whole(path, json.dumps(held, ensure_ascii=False, indent=1) + "\n")
            return held
        if (prepared.folder / JOURNAL).exists() and (prepared.folder / JOURNAL).stat().st_size:
            raise InputError(
                f"{prepared.folder}: holds a run with other settings: {'; '.join(changed[:3])};"
                " choose another --out or delete the folder"
            )
    elif any(one.name != ".lock" for one in prepared.folder.iterdir()):
        raise InputError(
            f"{prepared.folder}: expected an empty folder or a run's, found other files; choose"
            " another --out"
        )
    text = json.dumps(prepared.settings, ensure_ascii=False, indent=1)
    write_whole(path, f"{text}\n")
    return prepared.settings


def differences(held: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[str]:
    """What differs between two runs' settings, each as a phrase for a message.

    >>> list(differences({"seed": 1, "text": {"bytes": 5}}, {"seed": 1, "text": {"bytes": 6}}))
    ['text.bytes was 5, is now 6']
    """
    old, new = dict(_leaves(held)), dict(_leaves(wanted))
    for name in sorted(old.keys() | new.keys()):
        was, now = canonical_json(old.get(name)), canonical_json(new.get(name))
        if was != now and not name.startswith(FREE):
            yield f"{name} was {was}, is now {now}"


def _leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, content in value.items():
            yield from _leaves(content, f"{name}.{key}" if name else key)
    else:
        yield name, value


def _read_settings(path: Path) -> dict[str, Any]:
    try:
        held: dict[str, Any] = read_json(path, dict)
        if held.get("command") == "lexaug.synthesize":
            check_shape(held, UNCOMPARED, str(path))
    except InputError as error:
        fault = fault_of(error, str(path))
        raise InputError(f"{path}: {fault}; delete the folder or choose another --out") from error
    if held.get("command") != "lexaug.synthesize":
        raise InputError(f"{path}: not of lexaug.synthesize; choose another --out")
    return held


def _settings(
    config: SynthesisConfig,
    language: Language,
    text: Text,
    lexicon: Lexicon,
    inflection: Inflection,
    scheme: str | None,
) -> dict[str, Any]:
    """What config.json holds."""
    text_licence = config.licence or text.licence
    lexicon_licence = _licence(lexicon, config)
    licences = {"text": text_licence, "lexicon": lexicon_licence}
    forms = [table for table in inflection.tables if table["use"] == "forms"]
    licences |= {f"table {table['name']}": table["licence"] for table in forms}
    terms = combined(licences)
    return {
        "command": "lexaug.synthesize",
        "language": language.bcp47,
        "language_name": language.name,
        "mode": config.mode,
        "text": {"name": Path(text.name).name, "licence": text_licence, **text.fingerprint()},
        "lexicon": {
            "name": lexicon.name,
            "entries": len(lexicon),
            "sha256": sha256_of(lexicon),
            "licence": lexicon_licence,
            "dropped": dict(lexicon.dropped),
        },
        "inflection": _about(inflection),
        "licence": {**asdict(terms), "hub": terms.hub},
        "policy": config.policy,
        "ratio": config.share,
        "keep_at_least": config.least,
        "keep_share": config.keep_share,
        "keep_rule": _keep_rule(config),
        "scheme": scheme,
        "provenance": config.provenance,
        "format": config.format,
        "compress": config.compress,
        "limit": config.limit,
        "seed": config.seed,
        "skip_bad": config.skip_bad,
        "dropped": str(config.dropped) if config.dropped else None,
        "block_bytes": config.block_bytes,
        "notes": [note for note in (text.note, *inflection.notes) if note],
        "versions": _versions(),
    }


def _about(inflection: Inflection) -> dict[str, Any]:
    """What config.json says of inflection; `made` only where forms are made."""
    made = {"made": dict(inflection.made)} if inflection.made else {}
    return {"description": inflection.description, "tables": list(inflection.tables), **made}


def sha256_of(lexicon: Lexicon) -> str:
    """The checksum of a lexicon's entries in their order: same digits, same substitutions."""
    rows = [[e.source, e.target, e.pos, e.sense, e.rank, e.origin] for e in lexicon.entries]
    return sha256_text(canonical_json(rows))


def _licence(lexicon: Lexicon, config: SynthesisConfig) -> str:
    """The strictest licence of the data sets and files that a lexicon's entries come from."""
    known = {one.name: one.licence for one in catalog().values()} | {"sample": "CC0-1.0"}
    files = {Path(name).name: _beside(Path(name)) for name in (config.lexicon or "").split(",")}
    origins = {entry.origin.partition("/")[0] for entry in lexicon.entries}
    return combined({name: (files | known).get(name, NOT_STATED) for name in origins}).strictest


def _beside(path: Path) -> str:
    """The licence of the corpus that `lexaug.induce` made a lexicon from, told beside the file."""
    try:
        about = read_json(path.with_suffix(".json"), {"corpus": {"licence": str}})
    except InputError:
        return NOT_STATED
    return str(about["corpus"]["licence"])


def _keep_rule(config: SynthesisConfig) -> str:
    if config.keep_share is not None:
        return f"{config.keep_share:g} or more of its words replaced"
    return f"{config.least} or more words replaced" if config.least else "all are kept"


def _versions() -> dict[str, str]:
    import platform

    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found
