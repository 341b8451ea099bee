"""A model in ctranslate2's form, converted once and kept in the cache."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from data.access import Report
from data.bounded import read_json
from data.files import canonical_json
from models.code import without_code
from models.config import read_config
from models.derived import derived_folder
from models.library import missing_package, opened, quiet_transformers
from models.resolve import Model
from models.weights import check_weights, check_whole


def converted(model: Model, report: Report | None = None) -> Path:
    """The folder that ctranslate2 opens.

    Raises:
        InputError: the converter knows no such model, or its files do not fit together.
        UnavailableError: ctranslate2 is not installed; the disk is full.
    """
    name = f"{model.revision}-ctranslate2"
    return derived_folder(name, lambda out: _convert(model.folder, out), report)


def _convert(folder: Path, out: Path) -> None:
    """The converter opens the folder by itself, so what it opens must name no code."""
    check_weights(folder)
    read_config(folder)
    clean = without_code(folder)
    try:
        from ctranslate2.converters import TransformersConverter
    except ImportError as error:
        raise missing_package(error, "cpu") from error
    quiet_transformers()

    class Whole(TransformersConverter):  # type: ignore[misc]
        """It would convert random weights where the files lack some."""

        def load_model(self, kind: Any, name: str, **settings: Any) -> Any:
            model, told = kind.from_pretrained(
                name, output_loading_info=True, trust_remote_code=False, **settings
            )
            check_whole(
                sorted(told["missing_keys"] & dict(model.named_parameters()).keys()), folder
            )
            return model

    opened(
        lambda: Whole(str(clean), trust_remote_code=False).convert(str(out), force=True),
        f"{folder}: cannot be converted",
        "; use --engine transformers",
    )
    _name_unknown(out / "config.json")


def _name_unknown(path: Path) -> None:
    """Name a piece for what the vocabulary lacks: a Translator opens no model without one, not even
    one that spells in bytes and lacks nothing."""
    config = read_json(path, dict)
    if config.get("unk_token", "") is None:
        config["unk_token"] = config["eos_token"]
        path.write_text(canonical_json(config), "utf-8")
