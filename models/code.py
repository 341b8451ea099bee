"""A model's own code never runs, and nobody is asked whether it should.

`transformers` runs Python files of a model folder where a configuration names them (`auto_map`,
`custom_generate`) and the caller allows it, or where the user answers a question with "y". Here a
folder is looked at before any library is: where `transformers` has a class of its own for the
architecture, the model is opened with that class, from a copy of its settings without those names
(weights are linked, not copied); where it has none, the model is refused.

Other ways to foreign code that a configuration can open are taken out in the same way: kernels that
would be fetched from the hub (`attn_implementation: "org/kernel"`), and ways of decoding that have
moved there.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from data.access import Access
from data.errors import InputError
from data.files import canonical_json, sha256_text
from models.config import CONFIG, read_settings
from models.derived import derived_folder
from models.library import missing_package

NAMES_OF_CODE = ("auto_map", "custom_generate", "custom_pipelines")
HUB_DECODING = ("constraints", "dola_layers", "force_words_ids", "penalty_alpha")  # code on the hub
ADAPTER = "adapter_config.json"
TOKENIZER = ("tokenizer.json", "tokenizer_config.json")


def without_code(folder: Path, access: Access = Access()) -> Path:
    """A folder that holds the same model and names no code: the folder itself, nearly always.

    Raises:
        InputError: a model that only its own code can open, or adapters of another model.
        UnavailableError: transformers is not installed.
    """
    if (folder / ADAPTER).is_file():
        raise InputError(
            f"{folder}: holds adapters of another model ({ADAPTER}), which would be opened too;"
            " merge them into it (peft: merge_and_unload, save_pretrained), and name the result"
        )
    found = {path: names for path in _settings_of(folder) if (names := list(code_in(path)))}
    if not found and not (folder / "custom_generate").is_dir():
        return folder
    told = ", ".join(f"{path.name}: {names[0]}" for path, names in found.items())
    _refuse_unknown(folder, told)
    what = told or "custom_generate/"
    access.report(f"{folder}: names code of its own ({what}), which never runs")
    return _copy(folder)


def code_in(path: Path) -> Iterator[str]:
    """What in a file of settings would make a library run code that is none of its own."""
    yield from _code_names(read_settings(path))


def _code_names(settings: Mapping[str, Any]) -> Iterator[str]:
    for name, value in settings.items():
        if _is_code(name, value):
            yield name
        elif isinstance(value, dict):
            yield from _code_names(value)


def _is_code(name: str, value: object) -> bool:
    if name in NAMES_OF_CODE:
        return bool(value)
    if name in HUB_DECODING:
        return bool(value)
    if name == "num_beam_groups":
        return value not in (None, 1)
    if name.endswith(("attn_implementation", "attn_implementation_internal", "use_kernels")):
        return value is True or "/" in str(value)
    return name == "experts_implementation" and "/" in str(value)


def _settings_of(folder: Path) -> list[Path]:
    """The files in which `transformers` looks for code: config.json, tokenizer_config.json ..."""
    return [path for path in sorted(folder.glob("*config*.json")) if path.is_file()]


def _refuse_unknown(folder: Path, told: str) -> None:
    """Refuse what no class of the library's own can open."""
    path = folder / CONFIG
    kind = str(read_settings(path).get("model_type") or "") if path.is_file() else ""
    known = _known_architecture(kind) if path.is_file() else (folder / TOKENIZER[0]).is_file()
    if not known:
        what = f'transformers has no "{kind}" of its own' if kind else "nothing else can open it"
        raise InputError(
            f"{folder}: asks to run code of its own ({told or 'custom_generate/'}), which never"
            f" runs here, and {what}; choose another model"
        )


def _known_architecture(kind: str) -> bool:
    try:
        from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES
    except ImportError as error:
        raise missing_package(error, "cpu") from error
    return kind in CONFIG_MAPPING_NAMES


def _copy(folder: Path) -> Path:
    """The folder's files in the cache: settings without code, links to the rest, no Python."""
    whole = folder.resolve()
    files = [path for path in sorted(whole.iterdir()) if path.is_file() and path.suffix != ".py"]
    settings = set(_settings_of(whole))
    facts = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    name = f"{sha256_text(canonical_json([str(whole), facts]))[:16]}-without-code"

    def build(out: Path) -> None:
        for path in files:
            if path in settings:
                kept = _without(read_settings(path))
                (out / path.name).write_text(canonical_json(kept), "utf-8")
            else:
                _link(path, out / path.name)

    made = derived_folder(name, build)
    if not all(path.exists() for path in made.iterdir()):  # the links' files have gone
        shutil.rmtree(made)
        made = derived_folder(name, build)
    return made


def _link(path: Path, target: Path) -> None:
    try:
        target.symlink_to(path.resolve())
    except OSError:  # a file system without links
        shutil.copyfile(path, target)


def _without(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings without what names code, at every depth."""
    return {
        name: _without(value) if isinstance(value, dict) else value
        for name, value in settings.items()
        if not _is_code(name, value)
    }
