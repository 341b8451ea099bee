"""Many languages' sentences as vectors, encoded once a model and kept in the cache.

    encoded = encode(encoder, texts, [0, 6, 12], "mean", access)
    encoded.layer(12)             # {"swh_Latn": (n, width), ...}

`probe.language`, `probe.project` and `probe.fit` ask for the same vectors; a file holds one
language at one layer, named by everything that it depends on. A killed run finds what it had.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from data.access import Access
from data.files import appears_whole, canonical_json, sha256_text
from data.options import common, option
from models.encoder import POOLINGS

if TYPE_CHECKING:
    from models.encoder import Encoder
    from probe.many_way import ManyWay
    from probe.retrieval import Vectors

FOLDER = "vectors"  # of the cache
LARGEST = 6e4  # that float16 holds
SENTENCES = 200
Advance = Callable[[str, float, float | None], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodingOptions:
    """Which sentences of which languages are encoded by what, and how.

    Attributes:
        corpus: a many-way set of the catalog, or a .tsv file with a column a language.
        limit: sentences of a language, the first ones.
    """

    model: str = option(
        "multilingual-e5-small", "a catalog name, a folder, a hub id@commit", metavar="NAME"
    )
    corpus: str = option("sib200", "a set of the same sentences in all languages, or a table")
    lang: str = common("--lang", "all", help="codes and names with commas between, or all")
    pooling: str = option("mean", "of a text's pieces", choices=POOLINGS)
    prefix: str | None = option(
        None, "before each text: a name in the model's prompts, or a text (default: query, if any)"
    )
    limit: int | None = common(
        "--limit", SENTENCES, least=4, help="sentences of a language, the first ones"
    )
    seed: int = common("--seed", least=0)
    device: str = common("--device")
    dtype: str = common("--dtype", "auto", choices=("auto", "float32", "bfloat16"))
    batch_tokens: int | None = option(
        None, "pieces a batch, padding included (default: by device)", least=8, identity=False
    )
    offline: bool = common("--offline", identity=False)
    out: Path | None = common("--out", identity=False)


def opened(config: EncodingOptions, access: Access) -> Encoder:
    """The encoder that the options name.

    Raises:
        InputError: no such model, one without a tokenizer or weights.
        UnavailableError: a package or a file cannot be had.
    """
    from models.encoder import open_encoder

    encoder = open_encoder(
        config.model,
        prefix=config.prefix,
        device=config.device,
        dtype=config.dtype,
        access=access,
    )
    encoder.batch_tokens = config.batch_tokens or encoder.batch_tokens
    return encoder


@dataclass(frozen=True, slots=True)
class Encoded:
    """Where the vectors of some languages lie.

    Attributes:
        readable: by language whether most of its letters are in the model's vocabulary.
    """

    codes: tuple[str, ...]
    readable: tuple[bool, ...]
    _files: dict[tuple[str, int], Path]

    def layer(self, number: int) -> dict[str, Vectors]:
        """The vectors of a layer by language: (n, width), as the model gives them."""
        return {
            code: np.load(self._files[code, number], allow_pickle=False).astype(np.float32)
            for code in self.codes
        }

    @property
    def unreadable(self) -> list[str]:
        """Codes of the languages of which the model reads little but unknown pieces."""
        return [code for code, one in zip(self.codes, self.readable, strict=True) if not one]


def encode(
    encoder: Encoder,
    texts: ManyWay,
    layers: Sequence[int],
    pooling: str = "mean",
    access: Access = Access(),
    advance: Advance | None = None,
) -> Encoded:
    """Encode what the cache lacks.

    Args:
        advance: called with ("encoding", languages done, of how many).
    """
    from probe.summary import UNREADABLE

    folder = access.cache_folder() / FOLDER / sha256_text(f"{encoder.signature}|{pooling}")[:16]
    files: dict[tuple[str, int], Path] = {}
    readable = []
    for number, (code, sentences) in enumerate(zip(texts.codes, texts.sentences, strict=True), 1):
        key = sha256_text(canonical_json(list(sentences)))[:16]
        mine = {layer: folder / f"{key}-{layer}.npy" for layer in layers}
        shape = (len(sentences), encoder.width)
        lacking = [layer for layer, path in mine.items() if not _is_whole(path, shape)]
        if lacking:
            found = encoder.layers(sentences, lacking, pooling=pooling)
            for layer, vectors in zip(lacking, found, strict=True):
                _keep(mine[layer], vectors)
        files |= {(code, layer): path for layer, path in mine.items()}
        readable.append(encoder.unknown(sentences) < UNREADABLE)
        if advance:
            advance("encoding", number, len(texts.codes))
    return Encoded(texts.codes, tuple(readable), files)


def _keep(path: Path, vectors: Vectors) -> None:
    """In half the bytes where the numbers allow it: cosines move by less than bfloat16's digits."""
    small = float(np.abs(vectors).max(initial=0)) < LARGEST
    with appears_whole(path) as file:
        np.save(file, vectors.astype(np.float16) if small else vectors)


def _is_whole(path: Path, shape: tuple[int, int]) -> bool:
    try:
        return bool(np.load(path, mmap_mode="r", allow_pickle=False).shape == shape)
    except (OSError, ValueError):  # not there, cut short, or no array
        return False
