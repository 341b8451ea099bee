"""multilingual-e5-small from its packed file: layout, weights, pieces, and what damage is told."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data.errors import InputError
from models.e5 import Packed, character_map, read_packed, unpack_e5

GOLDEN = Path(__file__).parent.parent / "golden" / "e5.json"
WIDTH, LAYERS, HEADS, INNER, POSITIONS, TYPES = 32, 2, 2, 64, 24, 2
PIECES = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0), ("▁a", -1.0)]
PIECES += [("b", -3.0), ("ŋ", -3.5), ("ab", -4.0), ("<mask>", 0.0)]
CHARACTERS = {"\t": " ", "\u00a0": " ", "Ａ": "a", "\u200b": " ", "\x01": "", "㎏": "kg"}
SQUARE, UP = ("q", "k", "v", "ao"), {"fi": (INNER, WIDTH), "fo": (WIDTH, INNER)}


def quantised(values: np.ndarray) -> bytes:
    """Q4_0 blocks, as llama.cpp describes them: the scale takes the largest weight to -8."""
    out = b""
    for block in values.reshape(-1, 32).astype(np.float32):
        largest = block[np.abs(block).argmax()]
        scale = np.float16(largest / -8)
        inverse = 0.0 if scale == 0 else 1 / np.float32(scale)
        halves = np.clip(np.floor(block * inverse + 8.5), 0, 15).astype(np.uint8)
        out += scale.tobytes() + (halves[:16] | halves[16:] << 4).tobytes()
    return out


def tensors() -> dict[str, tuple[int, np.ndarray]]:
    """(kind, values) by name, of a BERT that is small and random."""
    rng = np.random.default_rng(1)

    def some(*shape: int) -> np.ndarray:
        return rng.normal(0, 0.3, shape).astype(np.float32)

    found = {
        "emb.word": (1, some(len(PIECES) + 2, WIDTH)),
        "emb.pos": (0, some(POSITIONS, WIDTH)),
        "emb.type": (0, some(TYPES, WIDTH)),
        "emb.ln.w": (0, some(WIDTH)),
        "emb.ln.b": (0, some(WIDTH)),
    }
    for layer in range(LAYERS):
        shapes = {f"{name}.w": (WIDTH, WIDTH) for name in SQUARE}
        shapes |= {f"{name}.w": shape for name, shape in UP.items()}
        for name, shape in shapes.items():
            found[f"l{layer}.{name}"] = (1, some(*shape))
        for name in (*SQUARE, *UP, "aln", "oln"):
            found[f"l{layer}.{name}.b"] = (0, some(INNER if name == "fi" else WIDTH))
        for name in ("aln", "oln"):
            found[f"l{layer}.{name}.w"] = (0, some(WIDTH))
    return found


def packed(found: dict[str, tuple[int, np.ndarray]] | None = None, **changed: Any) -> bytes:
    """The bytes of a packed file."""
    found = found or tensors()
    sizes = {"rows": len(PIECES) + 2, "width": WIDTH, "layers": LAYERS, "version": 1, **changed}
    rows = (sizes["rows"], POSITIONS, TYPES)
    out = b"E5S1" + struct.pack("<I", sizes["version"])
    out += struct.pack("<7i", sizes["width"], sizes["layers"], HEADS, INNER, *rows)
    out += struct.pack("<fi", 1e-12, 32)
    texts = [piece.encode() for piece, _ in PIECES]
    out += struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, sum(map(len, texts)))
    out += np.cumsum([0, *map(len, texts)]).astype("<u4").tobytes()
    out += np.array([score for _, score in PIECES], "<f4").tobytes() + b"".join(texts)
    pairs = b"".join(
        struct.pack(f"<IB{len(target)}I", ord(source), len(target), *map(ord, target))
        for source, target in sorted(CHARACTERS.items())
    )
    out += struct.pack("<iI", len(CHARACTERS), len(pairs)) + pairs
    contents = {
        name: quantised(values) if kind else values.tobytes()
        for name, (kind, values) in found.items()
    }
    directory_bytes = 4 + sum(2 + len(name) + 21 for name in found)
    start = len(out) + directory_bytes
    directory, body = struct.pack("<i", len(found)), b""
    for name, (kind, values) in found.items():
        directory += struct.pack(f"<H{len(name)}s", len(name), name.encode())
        place = (values.size, start + len(body), len(contents[name]))
        directory += struct.pack("<BIQQ", kind, *place)
        body += contents[name]
    return out + directory + body


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "small.bin"
    path.write_bytes(packed())
    return path


def test_weights_are_within_half_a_step_of_what_was_packed(file: Path) -> None:
    read = read_packed(file).tensors
    for name, (kind, values) in tensors().items():
        blocks = np.abs(values.reshape(-1, 32)) if kind else np.zeros((1, 1))
        step = np.repeat(blocks.max(axis=1) / 8, 32)[: values.size] if kind else 0
        assert np.all(np.abs(read[name] - values.ravel()) <= step * 1.02 + 1e-7), name


def test_a_block_is_read_half_by_half() -> None:
    """The scale 2, then the halves 0 to 15 below and 15 to 0 above."""
    halves = bytes(low | (15 - low) << 4 for low in range(16))
    path_free = struct.pack("<e", 2.0) + halves
    from models.e5 import _dequantised

    expected = [2.0 * (n - 8) for n in (*range(16), *range(15, -1, -1))]
    assert _dequantised(path_free).tolist() == expected


def test_the_folder_opens_as_a_model_and_computes_as_bert_does(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    unpack_e5(file, out)
    torch = pytest.importorskip("torch")
    from models.weights import check_whole, open_weights

    model, missing = open_weights(out, "AutoModel", "x")
    check_whole(missing, out)
    read = read_packed(file)
    state = model.state_dict()
    first = state["encoder.layer.1.output.dense.weight"]
    assert torch.equal(first.ravel(), torch.tensor(read.tensors["l1.fo.w"]))
    assert first.shape == (WIDTH, INNER)
    assert model.config.layer_norm_eps == pytest.approx(1e-12)
    with torch.inference_mode():
        states = model(torch.tensor([[0, 5, 2]])).last_hidden_state
    assert states.shape == (1, 3, WIDTH)


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("a", ["▁a"]),
        ("ab", ["▁a", "b"]),  # -1 and -3, where ▁ and ab are -2 and -4
        ("a\t\u00a0 b", ["▁a", "▁", "b"]),
        ("Ａ\u200bŋ", ["▁a", "▁", "ŋ"]),
        ("a\x01b", ["▁a", "b"]),
        ("a€€", ["▁a", "<unk>"]),
    ],
)
def test_texts_become_pieces_as_the_scores_ask(
    file: Path, tmp_path: Path, text: str, pieces: list[str]
) -> None:
    from models.tokenizer import open_tokenizer_file

    out = tmp_path / "out"
    out.mkdir()
    unpack_e5(file, out)
    tokenizer = open_tokenizer_file(out / "tokenizer.json")
    ids = tokenizer.encode(text).ids
    assert [tokenizer.id_to_token(one) for one in ids] == ["<s>", *pieces, "</s>"]


def test_the_map_of_characters_holds_for_all_of_them_and_no_other() -> None:
    from tokenizers import normalizers

    many = {chr(code): f"<{code:x}>" for code in range(0xA0, 0x3000, 7)}
    many |= {"😀": "smile", "a": "", "ab"[1]: "bee"}
    normalise = normalizers.Precompiled(character_map(many)).normalize_str
    assert {key: normalise(key) for key in many} == many
    others = [chr(code) for code in range(0xA1, 0x3000, 7)] + ["c", "😁"]
    assert [normalise(other) for other in others] == others


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize(("name", "kind"), [("emb.pos", 0), ("l0.q.w", 1)])
def test_weights_that_are_no_numbers_are_told(
    tmp_path: Path, name: str, kind: int, value: float
) -> None:
    whole, path = packed(), tmp_path / "damaged.bin"
    values = tensors()[name][1]
    there = quantised(values) if kind else values.tobytes()
    bad = np.array(value, "<f2" if kind else "<f4").tobytes()  # a block begins with its scale
    assert whole.count(there) == 1
    path.write_bytes(whole.replace(there, bad + there[len(bad) :]))
    with pytest.raises(InputError, match=f"{name}: a weight that is no number"):
        read_packed(path)


@pytest.mark.parametrize("share", [0.001, 0.01, 0.05, 0.2, 0.5, 0.9, 0.999])
def test_a_file_that_ends_early_is_told(tmp_path: Path, share: float) -> None:
    whole = packed()
    path = tmp_path / "cut.bin"
    path.write_bytes(whole[: int(len(whole) * share) + 4])
    (tmp_path / "out").mkdir()
    with pytest.raises(InputError, match=r"cut.bin: .*get the file again"):
        unpack_e5(path, tmp_path / "out")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PK\x03\x04" + b"\0" * 99, "expected E5S1"),
        (packed(version=2), "version 2"),
        (packed(layers=3), "l2.* is not in the file"),
        (packed(width=64), "expected the tensors of a BERT"),
        (packed({**tensors(), "l9.zz.w": (0, np.zeros(4, np.float32))}), "'l9.zz.w'"),
        (packed(rows=1 << 30), "of which there are"),
    ],
)
def test_a_file_that_is_another_is_told(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "other.bin"
    path.write_bytes(content)
    (tmp_path / "out").mkdir()
    with pytest.raises(InputError, match=message):
        unpack_e5(path, tmp_path / "out")


def test_any_flipped_byte_is_read_or_told(tmp_path: Path) -> None:
    whole = packed()
    head = len(whole) - sum(v.nbytes for _, v in tensors().values()) // 4
    path = tmp_path / "flipped.bin"
    for place in range(4, min(head, 1200), 3):
        damaged = bytearray(whole)
        damaged[place] ^= 0xFF
        path.write_bytes(damaged)
        try:
            assert isinstance(read_packed(path), Packed)
        except InputError as error:
            assert "flipped.bin" in str(error)  # noqa: PT017


@pytest.mark.real
def test_ids_and_vectors_are_those_of_the_original() -> None:
    """Of 204 texts in 44 scripts and none; made once with the C source that the wheel holds.

    The original writes a piece for every unknown character, `tokenizers` one for a run of them.
    Vectors are every 48th of 384 numbers; the original computes with activations of 8 bits.
    """
    from models.encoder import open_encoder

    rows = json.loads(GOLDEN.read_text("utf-8"))
    encoder = open_encoder("multilingual-e5-small", dtype="float32")
    texts = [row["text"] for row in rows]
    assert len({row["script"] for row in rows}) >= 40
    assert encoder.prefix == "query: "
    for row, ids in zip(rows, encoder.pieces(texts), strict=True):
        assert ids[1:-1] == row["ids"], ascii(row["text"])
    known = [number for number, row in enumerate(rows) if 3 not in row["ids"]]
    ours = encoder.encode(texts)[known][:, ::48]
    theirs = np.array([rows[number]["vector"] for number in known])
    assert np.abs(ours - theirs).max() < 0.01
    assert np.abs(ours - theirs).mean() < 0.001
