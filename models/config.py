"""A model folder's configuration: read within limits, and refused where no model can be like it.

Sizes are checked before any library sees them: a width of 10^18 asks for more memory than there
is, a million layers for a day, and -1 for a traceback.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from data.bounded import parse_json, read_json, read_text
from data.errors import InputError

CONFIG = "config.json"
SETTINGS = ("generation_config.json", CONFIG)  # the first that names an id counts
CONTEXT_KEYS = ("max_position_embeddings", "n_positions", "max_sequence_length", "max_seq_len")
RELATIVE = ("t5", "mt5", "umt5")  # positions without an end, whatever n_positions says
MOST = {  # the largest that any published model has, times some
    "layers": 2_000,
    "heads": 10_000,
    "width": 1 << 20,
    "positions": 1 << 31,
    "pieces": 1 << 24,
}
SIZES = {
    "layers": r"(num|n)_(hidden_|encoder_|decoder_)?layers?|(encoder|decoder)_layers|n_layer",
    "heads": r"(num|n)_(attention_|key_value_|decoder_)?heads?"
    r"|(encoder|decoder)_attention_heads|n_head",
    "width": r"hidden_size|d_model|d_kv|d_ff|n_embd|n_inner|(intermediate|embedding)_size|head_dim"
    r"|(encoder|decoder)_ffn_dim|ffn_dim|dim|hidden_dim",
    "positions": "|".join(CONTEXT_KEYS) + "|max_(source|target)_positions",
    "pieces": r"(decoder_)?vocab_size",
}
_SIZE = {kind: re.compile(pattern) for kind, pattern in SIZES.items()}
_NO_LIMIT = re.compile(r'("model_max_length"\s*:\s*)1[0-9]{18,400}(?=\s*[,}])')
SHAPE = {
    "model_type?": str,
    "architectures?": [str],
    "is_encoder_decoder?": bool,
    "auto_map?": object,
}


def read_config(folder: Path) -> dict[str, Any]:
    """The content of a model folder's config.json.

    Raises:
        InputError: there is none, it is no JSON object, or a size in it is absurd.
    """
    path = folder / CONFIG
    if not path.is_file():
        raise InputError(f"{folder}: expected a model folder with a {CONFIG}")
    config: dict[str, Any] = read_json(path, SHAPE)
    check_sizes(config, path)
    return config


def read_settings(path: Path) -> dict[str, Any]:
    """Any other small JSON object of a model folder, such as tokenizer_config.json.

    `transformers` writes 10^30 into it for "no limit", which is no number of 64 bits: left out.
    """
    found: dict[str, Any] = parse_json(_NO_LIMIT.sub(r"\1null", read_text(path)), str(path), dict)
    return found


def check_sizes(config: Mapping[str, Any], path: Path) -> None:
    """Raise `InputError` for a size that no model can have, wherever in a configuration it is."""
    for name, value, kind in _sizes(config):
        most = MOST[kind]
        least = 0 if kind in ("layers", "heads", "positions") else 1
        values = value if isinstance(value, list) else [value]
        for one in values:
            if isinstance(one, bool) or not isinstance(one, int) or not least <= one <= most:
                raise InputError(
                    f"{path}: expected a whole number from {least} to {most:,} as {name}, found"
                    f" {_short(one)}; get the file again"
                )


def _sizes(config: Mapping[str, Any]) -> Iterator[tuple[str, Any, str]]:
    """Names, values and kinds of sizes, also of a part's configuration; absent ones are null."""
    for name, value in config.items():
        if isinstance(value, dict) and (name.endswith("_config") or name in ("encoder", "decoder")):
            yield from _sizes(value)
        if value is None:
            continue
        for kind, pattern in _SIZE.items():
            if pattern.fullmatch(name) and not isinstance(value, dict):
                yield name, value, kind


def _short(value: object) -> str:
    text = ascii(value)
    return text if len(text) <= 40 else text[:40] + "..."


def model_type(folder: Path) -> str:
    """The architecture that config.json names, such as "llama" or "t5"."""
    return str(read_config(folder).get("model_type") or "")


def is_encoder_decoder(folder: Path) -> bool:
    """Whether the model has an encoder that reads the prompt."""
    return bool(read_config(folder).get("is_encoder_decoder", False))


def context_length(folder: Path) -> int | None:
    """How many tokens the model can read, None where positions have no end (T5) or none is told."""
    config = read_config(folder)
    if config.get("model_type") in RELATIVE:
        return None
    return next((int(config[key]) for key in CONTEXT_KEYS if config.get(key)), None)


def end_ids(folder: Path) -> list[int]:
    """The ids that end a text, as a model's own files say; of a chat model often several.

    Raises:
        InputError: one that is no id.
    """
    for name in SETTINGS:
        if ids := token_ids(folder / name).get("eos_token_id"):
            return ids
    return []


def check_token_ids(folder: Path) -> None:
    """Raise `InputError` for a special token in a model's files that has no id, or no known one."""
    for name in SETTINGS:
        token_ids(folder / name)


def token_ids(path: Path) -> dict[str, list[int]]:
    """The ids of special tokens by the names that generation_config.json or config.json has.

    Raises:
        InputError: one that is no id.
    """
    settings = read_settings(path) if path.exists() else {}
    found = {}
    for name, ids in settings.items():
        if ids is None or not name.endswith("_token_id"):
            continue
        several = ids if isinstance(ids, list) else [ids]
        if any(isinstance(one, bool) or not isinstance(one, int) for one in several):
            raise InputError(
                f"{path}: expected whole numbers in {name}, found {_short(ids)}; correct it"
            )
        found[name] = several
    return found
