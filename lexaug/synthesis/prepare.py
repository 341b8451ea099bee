"""All that a run needs before its first block: language, text, lexicon, table, settings.

The settings are what config.json holds. They name everything that the bytes of the result hang
on, and nothing that they do not hang on: not the number of workers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from data.access import Access
from data.bounded import check_shape, read_json
from data.corpus import NOT_STATED
from data.errors import InputError
from data.files import canonical_json
from data.languages import Language, resolve
from data.lexicon import Lexicon
from data.lexicon.filters import merge
from data.lexicon.load import HEADER, licence_of
from data.load import find_language, load_lexicon
from data.options import command_line
from lexaug.config import SynthesisConfig
from lexaug.kernel.machine_code import is_compiled
from lexaug.paradigms import Advance, Inflection, find_inflection, sha256_of
from lexaug.phrases import PhraseTable
from lexaug.synthesis.blocks import Unit
from lexaug.synthesis.inputs import Text, find_text
from lexaug.synthesis.journal import JOURNAL
from lexaug.synthesis.reports import combined
from lexaug.synthesis.selection import Selection
from lexaug.synthesis.transfer_work import TransferWork
from lexaug.synthesis.work import LineWork, TagWork, Work, told_of
from lexaug.transfer.build import Ingredients, gather
from runfolder.folder import CONFIG, Run, RunKind, folder_name, open_run, read_run, write_json

KIND = RunKind(
    "lexaug.synthesize",
    {"mode": str, "language": str, "text": dict, "lexicon": dict},
    results=(JOURNAL,),
    begun=("text.*", "pairs.*", "tags.*", "provenance.*", "data", "coverage.*", "README.md"),
    packages=("numba", "numpy", "pyarrow", "zstandard"),
)
# What is said of a run and may differ where it goes on: it is read from the folder then.
OPTIONS = {"command": str, "text": str, "notes": [str]}
ENVIRONMENT = {"python": str, "packages": {str: str}}


@dataclass(frozen=True)
class Prepared:
    """A run that can begin.

    Attributes:
        settings: what the result depends on, and what is to be said of it.
        command: how to get the same again.
    """

    config: SynthesisConfig
    language: Language
    text: Text
    table: PhraseTable
    work: Work
    unit: Unit
    folder: Path
    settings: dict[str, Any]
    command: str = ""

    @property
    def identity(self) -> dict[str, Any]:
        """All that the bytes of the result depend on."""
        return identity_of(self.settings)


def prepare(
    config: SynthesisConfig, access: Access | None = None, advance: Advance | None = None
) -> Prepared:
    """Find and read everything; nothing is written but the cache.

    Args:
        access: how files are reached, and who is told; by default as `config.offline` says.
        advance: is called while the forms of a lexicon are learned; see `Inflection.phrase_table`.

    Raises:
        InputError: something that the options name does not exist or does not fit.
        UnavailableError: a file of the catalog cannot be had, or a package is missing.
    """
    access = access or Access.of(config)
    language = find_language(config.lang, access=access)
    labelled = config.mode == "tags"
    text = find_text(config.input, labelled=labelled, target=language, access=access)
    table, inflection = find_table(config, language, access, advance)
    told = told_of(text, config, access.report) if labelled else None
    if config.transfers:
        return _with_transfer(config, language, text, (table, inflection), access)
    if not (labelled or is_compiled()):
        access.say("compiling the substitution for this machine; the code is kept in the cache")
    scheme = told.scheme if told else None
    settings = _settings(config, language, text, table.lexicon, inflection, scheme)
    work: Work = (
        TagWork(config, text.name, table, told)
        if told
        else LineWork(config, text.name, table, Selection.of(config, table))
    )
    return _prepared(config, language, text, table, work, settings)


def _prepared(
    config: SynthesisConfig,
    language: Language,
    text: Text,
    table: PhraseTable,
    work: Work,
    settings: dict[str, Any],
) -> Prepared:
    folder = Path("runs") / folder_name(f"synthesis-{language.bcp47}", identity_of(settings))
    unit: Unit = "sentence" if config.mode == "tags" else "line"
    return Prepared(config, language, text, table, work, unit, config.out or folder, settings)


def _with_transfer(
    config: SynthesisConfig,
    language: Language,
    text: Text,
    found: tuple[PhraseTable, Inflection],
    access: Access,
) -> Prepared:
    """A run that says lines phrase by phrase."""
    table, inflection = found
    ingredients: Ingredients = gather(config, language, table, inflection, access)
    settings = _settings(config, language, text, table.lexicon, inflection, None)
    settings["transfer"] = ingredients.about
    settings["notes"] = [*settings["notes"], *ingredients.notes]
    work = TransferWork(config, text.name, ingredients, Selection.of(config, table))
    return _prepared(config, language, text, table, work, settings)


def identity_of(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Of the settings of a run those that the bytes of its result depend on."""
    text = {name: value for name, value in settings["text"].items() if name != "name"}
    return {name: value for name, value in settings.items() if name != "notes"} | {"text": text}


def find_table(
    config: SynthesisConfig, language: Language, access: Access, advance: Advance | None = None
) -> tuple[PhraseTable, Inflection]:
    """The phrases of the lexicon, inflected by what is at hand."""
    lexicon = find_lexicon(config, language, access)
    inflection = find_inflection(
        language,
        wanted=config.resolved("inflect"),
        way=config.inflect_with,
        least=config.inflect_confidence,
        access=access,
    )
    return inflection.phrase_table(lexicon, config.policy, advance), inflection


def find_lexicon(config: SynthesisConfig, language: Language, access: Access) -> Lexicon:
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
            access=access,
        )
        for name in names
    ]
    return found[0] if len(found) == 1 else merge(found)


def open_folder(prepared: Prepared) -> Prepared:
    """Begin the run's folder, or find that it is this run's; the caller holds the lock.

    Returns:
        The run as its folder describes it: with the notes and versions that it began with.

    Raises:
        InputError: the folder holds something else, or a run with other settings.
    """
    config, settings = prepared.config, prepared.settings
    if config.skip_bad:
        _allow_bad_lines(prepared)
    options = {
        "command": command_line("lexaug.synthesize", config),
        "text": settings["text"]["name"],
        "notes": settings["notes"],
    }
    held = open_run(KIND, prepared.folder, prepared.identity, options=options)
    check_shape(held.options, OPTIONS, str(prepared.folder / CONFIG))
    text = {**settings["text"], "name": held.options["text"]}
    told = {"text": text, "notes": held.options["notes"], "versions": _versions(held)}
    return replace(prepared, settings={**settings, **told}, command=held.options["command"])


def _allow_bad_lines(prepared: Prepared) -> None:
    """A run that stopped at a bad line goes on without it: what is done had none."""
    path = prepared.folder / CONFIG
    if path.exists():
        held = read_run(KIND, prepared.folder)
        if {**held.identity, "skip_bad": True} == json.loads(canonical_json(prepared.identity)):
            content = read_json(path, dict)
            run = {**held.identity, "skip_bad": True}
            options = {**held.options, "command": command_line(KIND.command, prepared.config)}
            write_json(path, {**content, "run": run, "options": options})


def _versions(held: Run) -> dict[str, str]:
    """Of Python and of packages, as the folder has them."""
    check_shape(held.environment, ENVIRONMENT, str(held.folder / CONFIG))
    return {"python": held.environment["python"], **held.environment["packages"]}


def _settings(
    config: SynthesisConfig,
    language: Language,
    text: Text,
    lexicon: Lexicon,
    inflection: Inflection,
    scheme: str | None,
) -> dict[str, Any]:
    """What the result depends on, and what is to be said of it."""
    text_licence = config.licence or text.licence
    lexicon_licence = _licence(lexicon, config)
    licences = {"text": text_licence, "lexicon": lexicon_licence}
    forms = [table for table in inflection.tables if table["use"] == "forms"]
    licences |= {f"table {table['name']}": table["licence"] for table in forms}
    terms = combined(licences)
    return {
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
        **_selection(config),
    }


def _selection(config: SynthesisConfig) -> dict[str, Any]:
    """What config.json says of a selection of lines; nothing of none."""
    if config.resolved("select") == "all":
        return {}
    return {"select": {"by": config.resolved("select"), "share": config.select_share}}


def _about(inflection: Inflection) -> dict[str, Any]:
    """What config.json says of inflection; `made` only where forms are predicted."""
    made = {"made": dict(inflection.predicted)} if inflection.predicted else {}
    return {"description": inflection.description, "tables": list(inflection.tables), **made}


def _licence(lexicon: Lexicon, config: SynthesisConfig) -> str:
    """The strictest licence of the data sets and files that a lexicon's entries come from."""
    names = config.lexicon.split(",") if config.lexicon else []
    files = {Path(name).name: _beside(Path(name)) for name in names}
    origins = {entry.origin.partition("/")[0] for entry in lexicon.entries}
    licences = {one: licence_of(one) or files.get(one, NOT_STATED) for one in origins}
    return combined(licences).strictest


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
