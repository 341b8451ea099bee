"""A trained model's config.json, checked, and its model card."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from data.bounded import check_shape, read_json
from data.errors import InputError
from data.terminal import printable
from data.tsv import excerpt
from morph.alphabet import Alphabet
from training.private.card import lines as privacy_lines

FORMAT = 1
CONFIG, RANKING = "config.json", "analysis.json"  # the second beside models of the way back
FORMS = "forms"  # the folder in a model of the way back of one from lemma to form
WEIGHTS = re.compile(r"model-[1-9][0-9]{0,3}\.safetensors")
LARGEST = 1 << 16  # of any size of an architecture
MOST_UNITS = 100  # of a form, for each of its lemma
SHAPE: dict[str, Any] = {
    "languages": [str],
    "scripts": [str],
    "ratio": float,
    "alphabet": {"units": [str], "features": [str], "scheme": str},
    "architecture": {
        **dict.fromkeys(("units", "names", "width", "heads", "inner"), int),
        **dict.fromkeys(("encoder_layers", "decoder_layers"), int),
        "dropout": float,
        "features": str,
    },
    "weights": [str],
    "origin": dict,
    "from_end?": bool,
    "way_back?": [str],
    "normalised?": bool,
    "spellings?": {str: str},
}


def read_config(folder: Path) -> dict[str, Any]:
    """The configuration of a model that `Transducer.save` wrote.

    Raises:
        InputError: no model in the folder, or one of another program or version.
    """
    path = folder / CONFIG
    if not path.is_file():
        raise InputError(
            f"{folder}: expected a trained model (config.json), found none; "
            "train one: python -m morph.train --lang CODE"
        )
    config: dict[str, Any] = read_json(path, dict)
    found = config.get("format")
    if isinstance(config.get("run"), dict):  # the configuration of a run, not of a model
        inner = folder / "model"
        if (inner / CONFIG).is_file():
            raise InputError(f"{folder}: expected a model's folder, found a run's; give {inner}")
        raise InputError(
            f"{folder}: expected a trained model, found a run that is not finished; give the"
            " command that trains it once more"
        )
    if found != FORMAT or "alphabet" not in config:
        raise InputError(
            f"{path}: expected an inflection model of format {FORMAT}, found"
            f" {excerpt(str(found)) if found else 'another'}; train it again with"
            " python -m morph.train"
        )
    check_shape(config, SHAPE, str(path))
    _check_sizes(config["architecture"], path)
    _check_fit(config, path)
    for name in config["weights"]:
        if not WEIGHTS.fullmatch(name) or not (folder / name).is_file():
            raise InputError(
                f"{path}: expected names of weights that stand beside it (model-1.safetensors),"
                f" found {excerpt(name)}; fetch the whole folder, or train it again"
            )
    return config


def check_direction(folder: Path, config: Mapping[str, Any], way_back: bool) -> None:
    """Refuse a model that writes forms where one is wanted that writes lemmas, and the reverse.

    Args:
        way_back: whether one that writes lemmas is wanted.

    Raises:
        InputError: it is the other kind.
    """
    kinds = "of the way back, from form to lemma", "from lemma to form"
    wanted, other = kinds if way_back else kinds[::-1]
    if bool(config.get("way_back")) != way_back:
        command = f"python -m morph.train --lang {config['languages'][0]}"
        place = folder / FORMS if (folder / FORMS).is_dir() else "another"
        raise InputError(
            f"{folder}: expected a model {wanted}, found one {other}; give {place}, or train one:"
            f" {command}{' --way-back' if way_back else ''}"
        )


def _check_sizes(architecture: Mapping[str, Any], path: Path) -> None:
    """Refuse a model that no memory holds, or that has fields of another version."""
    unknown = [name for name in architecture if name not in SHAPE["architecture"]]
    sizes = (value for value in architecture.values() if isinstance(value, int))
    if unknown or not all(0 < size <= LARGEST for size in sizes):
        raise InputError(
            f"{path}: expected an architecture of sizes from 1 to {LARGEST:,}, found"
            f" {excerpt(json.dumps(architecture))}; train it again with python -m morph.train"
        )


def _check_fit(config: Mapping[str, Any], path: Path) -> None:
    """Refuse an alphabet that is not the network's, a model without one, forms without an end."""
    size = config["architecture"]["units"], config["architecture"]["names"]
    alphabet = Alphabet.from_json(config["alphabet"])
    found = alphabet.size, len(alphabet.features)
    named = config["weights"] and config["languages"]
    if size != found or not named or not 0 < config["ratio"] <= MOST_UNITS:
        counts = f"{len(config['languages'])} languages, {len(config['weights'])} weights"
        raise InputError(
            f"{path}: expected languages, weights, {size[0]} units, {size[1]} features and a ratio"
            f" of at most {MOST_UNITS}, found {counts}, {found[0]} units, {found[1]} features and"
            f" {config['ratio']}; train it again with python -m morph.train"
        )


UNCOVERED = (
    "the alphabet, the features, and how much longer than its lemma a form may be",
    "tables and rules, which answer beside the model; calibration.json or analysis.json",
    "a model that training went on from (--from): what it had learned of the same triples",
)


WHAT = {
    False: (
        "From a lemma and a UniMorph feature bundle to the form, a character at a time.",
        "Load it with `morph.transducer.Transducer.load(folder)` of kilolingua.",
    ),
    True: (
        "From a form to its lemma and UniMorph feature bundle, a character at a time; the folder"
        " forms/, if there is one, holds a model from lemma to form that says how well these fit.",
        "Load it with `morph.analyse.Analyser.load(language, model=folder)` of kilolingua.",
    ),
}


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
        *WHAT[bool(config.get("way_back"))],
        "",
        *(f"- **{n}**: {_shown(value)}" for n, value in origin.items() if n != "privacy"),
        "",
    ]
    if "privacy" in origin:
        lines.append(privacy_lines(origin["privacy"], UNCOVERED))
    return printable("\n".join(lines))


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
