"""A model's vocabulary: from text to ids and back, without loading what the model runs on.

`transformers` is asked once how a model's tokenizer is built; what it says is kept in the cache as
a tokenizer.json, which the small `tokenizers` library opens. That spares every later run torch's
time and memory. Tokenizers that are written in Python (ByT5's, for instance) have no such file:
they are opened with `transformers` each time.
"""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from data.access import Access
from data.bounded import read_json
from data.files import canonical_json
from models.derived import derived_folder
from models.library import missing_package
from models.resolve import Model
from models.tokenizer import open_tokenizer, open_tokenizer_file

FACTS = {
    "in_python": bool,
    "size": int,
    "end_id?": int,
    "pad_id": int,
    "special": [str],
    "has_chat": bool,
}
_MARKUP = re.compile(r"<.+>|\[.+\]")  # <tool_call>, [INST]


class Vocabulary(Protocol):
    """What the engines ask of a tokenizer.

    Attributes:
        size: the number of ids; `end_id`: the id that ends a text, `pad_id`: one that fills up.
        special: the strings of special tokens, which text from a corpus must not hold.
        has_chat: whether the model says how a chat is laid out.
    """

    size: int
    end_id: int | None
    pad_id: int
    special: tuple[str, ...]
    has_chat: bool

    def ids(self, text: str, add_special: bool = True) -> list[int]:
        """The ids of a text, with the special tokens that open or close it if asked for."""
        ...

    def text(self, ids: Sequence[int]) -> str:
        """The text of ids, special tokens left out, spaces as they are."""
        ...

    def texts(self) -> list[str]:
        """What each id alone stands for, special tokens included."""
        ...

    def pieces(self, ids: Sequence[int]) -> list[str]:
        """The vocabulary's own strings for ids."""
        ...

    def id_of(self, piece: str) -> int | None:
        """The id of one of the vocabulary's own strings; None if it is none of them."""
        ...


def open_vocabulary(model: Model, access: Access = Access()) -> Vocabulary:
    """The vocabulary of a model, read with the smallest library that can.

    Raises:
        InputError: the folder holds no usable tokenizer.
        UnavailableError: a package is missing.
    """
    try:
        version = importlib.metadata.version("transformers")
    except importlib.metadata.PackageNotFoundError as error:
        raise missing_package(error, "cpu") from error
    name = f"{model.revision}-vocabulary-{version}"
    folder = derived_folder(name, lambda out: _describe(model.folder, out), access, what=model.name)
    facts = read_json(folder / "vocabulary.json", FACTS)
    if facts["in_python"]:
        return _PythonVocabulary(model.folder, facts)
    return _FileVocabulary(open_tokenizer_file(folder / "tokenizer.json"), facts)


def _describe(folder: Path, out: Path) -> None:
    """Write what `transformers` makes of a model's tokenizer: tokenizer.json and some facts."""
    tokenizer = open_tokenizer(folder)
    if tokenizer.is_fast:
        (out / "tokenizer.json").write_text(tokenizer.backend_tokenizer.to_str(), "utf-8")
    facts = {
        "in_python": not tokenizer.is_fast,
        "size": len(tokenizer),
        "end_id": tokenizer.eos_token_id,
        "pad_id": tokenizer.pad_token_id or 0,  # any id serves, the attention mask hides it
        "special": sorted(_special(tokenizer)),
        "has_chat": bool(tokenizer.chat_template),
    }
    (out / "vocabulary.json").write_text(canonical_json(facts), "utf-8")


def _special(tokenizer: Any) -> set[str]:
    """The strings that a tokenizer reads as one token wherever they stand in a text.

    Not only those that it has a name for: of Llama 3's <|start_header_id|> it knows no more than
    that it was added. Words and runs of spaces may have been added, too; those are text.
    """
    added = {str(token): token.special for token in tokenizer.added_tokens_decoder.values()}
    markup = {text for text, special in added.items() if special or _MARKUP.fullmatch(text)}
    return markup | set(tokenizer.all_special_tokens)


class _Described:
    """The facts of vocabulary.json as attributes."""

    def __init__(self, facts: dict[str, Any]) -> None:
        self.size: int = facts["size"]
        self.end_id: int | None = facts.get("end_id")
        self.pad_id: int = facts["pad_id"]
        self.special: tuple[str, ...] = tuple(facts["special"])
        self.has_chat: bool = facts["has_chat"]


class _FileVocabulary(_Described):
    """A tokenizer.json, read by `tokenizers` alone."""

    def __init__(self, tokenizer: Any, facts: dict[str, Any]) -> None:
        super().__init__(facts)
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self._tokenizer = tokenizer

    def ids(self, text: str, add_special: bool = True) -> list[int]:
        return list(self._tokenizer.encode(text, add_special_tokens=add_special).ids)

    def text(self, ids: Sequence[int]) -> str:
        return str(self._tokenizer.decode(list(ids), skip_special_tokens=True))

    def texts(self) -> list[str]:
        single = [[index] for index in range(self.size)]
        return list(self._tokenizer.decode_batch(single, skip_special_tokens=False))

    def pieces(self, ids: Sequence[int]) -> list[str]:
        return [str(self._tokenizer.id_to_token(index)) for index in ids]

    def id_of(self, piece: str) -> int | None:
        index: int | None = self._tokenizer.token_to_id(piece)
        return index


class _PythonVocabulary(_Described):
    """A tokenizer that only `transformers` can run."""

    def __init__(self, folder: Path, facts: dict[str, Any]) -> None:
        super().__init__(facts)
        self._folder = folder

    @cached_property
    def _tokenizer(self) -> Any:
        return open_tokenizer(self._folder)

    def ids(self, text: str, add_special: bool = True) -> list[int]:
        return list(self._tokenizer(text, add_special_tokens=add_special).input_ids)

    def text(self, ids: Sequence[int]) -> str:
        options = {"skip_special_tokens": True, "clean_up_tokenization_spaces": False}
        return str(self._tokenizer.decode(list(ids), **options))

    def texts(self) -> list[str]:
        single = [[index] for index in range(self.size)]
        return list(self._tokenizer.batch_decode(single, clean_up_tokenization_spaces=False))

    def pieces(self, ids: Sequence[int]) -> list[str]:
        return list(self._tokenizer.convert_ids_to_tokens(list(ids)))

    def id_of(self, piece: str) -> int | None:
        index: int | None = self._tokenizer.convert_tokens_to_ids(piece)
        return index if index is not None and self.pieces([index]) == [piece] else None
