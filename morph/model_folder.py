"""What stands beside the weights of a transducer: its configuration, checked, and its card."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from data.errors import InputError
from data.terminal import printable

FORMAT = 1


def read_config(folder: Path) -> dict[str, Any]:
    """The configuration of a model that `Transducer.save` wrote.

    Raises:
        InputError: no model in the folder, or one of another program or version.
    """
    path = folder / "config.json"
    try:
        config: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(
            f"{folder}: expected a trained model (config.json), found none; "
            "train one: python -m morph.train --lang CODE"
        ) from error
    except ValueError as error:
        raise InputError(f"{path}: expected JSON, found something else; train it again") from error
    found = config.get("format") if isinstance(config, dict) else None
    if found != FORMAT or "alphabet" not in config:
        raise InputError(
            f"{path}: expected an inflection model of format {FORMAT}, found {found or 'another'}; "
            "train it again with python -m morph.train"
        )
    return config


def card(config: Mapping[str, Any]) -> str:
    """The model's card, with what the Hugging Face hub reads at its top."""
    origin = config["origin"]
    lines = [
        "---",
        f"language: [{', '.join(config['languages'])}]",
        "tags: [morphological-inflection, kilolingua]",
        "---",
        "",
        f"# Inflection model for {', '.join(config['languages'])}",
        "",
        "From a lemma and a UniMorph feature bundle to the form, a character at a time.",
        "Load it with `morph.transducer.Transducer.load(folder)` of kilolingua.",
        "",
        *(f"- **{name}**: {_shown(value)}" for name, value in origin.items()),
        "",
    ]
    return printable("\n".join(lines))


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
