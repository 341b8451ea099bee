"""Tokenizers, opened the one way that runs no code of a model's and asks nobody.

tokenizer = open_tokenizer(folder)       # as transformers opens it
tokenizer = open_fast_tokenizer(folder)  # with a tokenizer.json, for training
model = open_sentencepiece(path)
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from data.access import Access
from data.bounded import parse_json
from data.errors import InputError
from models.code import without_code
from models.config import CONFIG, read_settings
from models.library import missing_package, opened, quiet_transformers
from models.resolve import resolve_tokenizer

PIECES = "tokenizer.model"
VOCABULARIES = ("tokenizer.json", "vocab*", "*.model", "*.tiktoken", "merges.txt")
OF_CHARACTERS = ("ByT5Tokenizer", "CanineTokenizer", "PerceiverTokenizer")
TIKTOKEN_LINE = re.compile(rb"[A-Za-z0-9+/]+={0,2} [0-9]+\r?\n?\Z")  # a piece in base64, its rank


def open_tokenizer(folder: Path, access: Access = Access()) -> Any:
    """The tokenizer of a folder as `transformers` opens it; no socket is opened.

    Raises:
        InputError: no such folder, or no usable tokenizer in it.
        UnavailableError: transformers is not installed.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; give one with a tokenizer.json")
    clean = without_code(folder, access)
    has_vocabulary = any(path for pattern in VOCABULARIES for path in folder.glob(pattern))
    if not has_vocabulary and not _is_of_characters(folder):
        # The library would make an empty one up, in which every word is unknown.
        raise InputError(
            f"{folder}: expected a tokenizer beside the weights ({', '.join(VOCABULARIES)}), found"
            " none; get the model's other files as well"
        )
    _check_pieces(folder)
    try:
        from transformers import AutoTokenizer
    except ImportError as error:
        raise missing_package(error, "cpu") from error
    quiet_transformers()
    return opened(
        lambda: AutoTokenizer.from_pretrained(
            clean, local_files_only=True, trust_remote_code=False
        ),
        f"{folder}: no usable tokenizer",
        "; get the model's tokenizer files again",
    )


def _is_of_characters(folder: Path) -> bool:
    """Whether the tokenizer makes ids of bytes or characters, for which it needs no file."""
    paths = (folder / "tokenizer_config.json", folder / CONFIG)
    told = [read_settings(path).get("tokenizer_class") for path in paths if path.is_file()]
    return any(name in OF_CHARACTERS for name in told)


def _check_pieces(folder: Path) -> None:
    """Raise `InputError` for a tokenizer.model that is neither SentencePiece's nor tiktoken's.

    The library would take one that SentencePiece cannot read for tiktoken's, and ask for a package
    that cannot read it either.
    """
    path = folder / PIECES
    if (folder / "tokenizer.json").is_file() or not path.is_file():
        return
    with open(path, "rb") as file:
        in_lines = TIKTOKEN_LINE.match(file.readline(1 << 10))
    if not in_lines:
        open_sentencepiece(path)


def open_fast_tokenizer(folder: Path, access: Access = Access()) -> Any:
    """A tokenizer that `tokenizers` runs.

    Raises:
        InputError: as `open_tokenizer`, one that is written in Python, gaps between its ids.
        UnavailableError: transformers is not installed.
    """
    tokenizer = open_tokenizer(folder, access)
    if not tokenizer.is_fast:
        raise InputError(
            f"{folder}: expected a tokenizer with a tokenizer.json, found one written in Python"
            f" ({type(tokenizer).__name__}); convert it to the fast form first"
        )
    largest = max(tokenizer.get_vocab().values(), default=-1)
    if largest >= len(tokenizer):  # rows are counted by pieces, and indexed by ids
        raise InputError(
            f"{folder}: expected {len(tokenizer):,} pieces with the ids from 0 on, found the id"
            f" {largest:,}; number its pieces without gaps"
        )
    return tokenizer


def unknown_characters(tokenizer: Any, texts: Sequence[str]) -> tuple[int, int]:
    """How many characters of texts no piece has, and how many there are; spaces do not count."""
    mark = tokenizer.unk_token_id
    every = sum(len("".join(text.split())) for text in texts)
    if mark is None or not texts:
        return 0, every
    told = tokenizer(
        list(texts), add_special_tokens=False, return_offsets_mapping=True, truncation=False
    )
    lacking = 0
    for text, ids, spans in zip(texts, told["input_ids"], told["offset_mapping"], strict=True):
        unknown = (
            text[start:end] for one, (start, end) in zip(ids, spans, strict=True) if one == mark
        )
        lacking += sum(len("".join(piece.split())) for piece in unknown)
    return lacking, every


def open_named_tokenizer(name: str, access: Access = Access()) -> tuple[str, str, Any]:
    """(name, revision, tokenizer) by a name of the catalog, a folder, a tokenizer.json, a hub id.

    No weights are opened, nor fetched from the hub.

    Raises:
        InputError: as `models.resolve.resolve_tokenizer` and `open_fast_tokenizer`.
        UnavailableError: a file or a package cannot be had.
    """
    found = resolve_tokenizer(name, access)
    if found.folder.is_dir():
        return found.name, found.revision, open_fast_tokenizer(found.folder, access)
    backend = open_tokenizer_file(found.folder)
    from transformers import PreTrainedTokenizerFast

    told = parse_json(backend.to_str(), str(found.folder))["model"]
    unknown = told.get("unk_token")
    if told.get("unk_id") is not None:  # a unigram model's
        unknown = told["vocab"][told["unk_id"]][0]
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, unk_token=unknown)
    return found.name, found.revision, tokenizer


def open_tokenizer_file(path: Path) -> Any:
    """A tokenizer.json as the small library `tokenizers` opens it.

    Raises:
        InputError: it is none.
        UnavailableError: tokenizers is not installed.
    """
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise missing_package(error, "cpu") from error
    return opened(
        lambda: Tokenizer.from_file(str(path)),
        f"{path}: no usable tokenizer",
        "; give a tokenizer.json",
    )


def open_sentencepiece(path: Path) -> Any:
    """A SentencePiece model file, which is data and no code.

    Raises:
        InputError: it is none.
        UnavailableError: sentencepiece is not installed.
    """
    try:
        from sentencepiece import SentencePieceProcessor
    except ImportError as error:
        raise missing_package(error, "cpu") from error
    try:
        return SentencePieceProcessor(model_file=str(path))
    except (OSError, RuntimeError) as error:
        raise InputError(
            f"{path}: expected a SentencePiece model, found something else; check the file"
        ) from error
