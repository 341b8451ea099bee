"""Trimming: the texts are cut as before, the model computes the same, and nothing is unknown."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import (
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)
from transformers import (
    BartConfig,
    BartForConditionalGeneration,
    BertConfig,
    BertForMaskedLM,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
    RobertaConfig,
    RobertaForMaskedLM,
    T5Config,
    T5ForConditionalGeneration,
)

from data.errors import InputError
from data.languages import resolve
from data.load import load_parallel
from models.encoder import PROMPTS, open_encoder
from models.resolve import resolve_model
from models.tokenizer import open_fast_tokenizer
from models.weights import open_weights
from training.tokenizer import train_tokenizer
from training.tokenizer.__main__ import main
from training.tokenizer.special import add_special, encoded, literal_backend
from training.tokenizer.trimmed_model import trim_model
from training.tokenizer.trimming import Trimming, changed, trim

PAIRS = load_parallel("sample", resolve("en"), resolve("sw")).pairs
ENGLISH = [pair.source for pair in PAIRS]
SWAHILI = [pair.target for pair in PAIRS]
AMHARIC = ["ሰላም ለዓለም።", "ውሻው ይተኛል።", "ዛሬ ዝናብ ይዘንባል።"] * 9
EVERY = [*ENGLISH, *SWAHILI, *AMHARIC]
FEW = SWAHILI[:15]
KINDS = ("unigram", "bpe", "byte-level", "wordpiece")
LETTERS = st.text(st.sampled_from("aeikmnotuw zgh.,2"), max_size=30)
RELAXED = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))


def byte_level() -> Any:
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=700, initial_alphabet=alphabet, special_tokens=["<end>"], show_progress=False
    )
    backend.train_from_iterator(EVERY, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=backend, eos_token="<end>")


def wordpiece() -> Any:
    """As BERT's, but with special tokens at the end, so that their ids move."""
    backend = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    backend.normalizer = normalizers.BertNormalizer(lowercase=True)
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.train_from_iterator(
        EVERY, trainers.WordPieceTrainer(vocab_size=600, show_progress=False)
    )
    special = ["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"]
    pieces = [piece for piece in backend.get_vocab() if piece not in special]
    numbered = {piece: n for n, piece in enumerate([*sorted(pieces), *special])}
    backend.model = models.WordPiece(numbered, unk_token="[UNK]")
    backend.add_special_tokens(special)
    backend.decoder = decoders.WordPiece()
    backend.post_processor = processors.BertProcessing(
        ("[SEP]", numbered["[SEP]"]), ("[CLS]", numbered["[CLS]"])
    )
    names = ("unk", "cls", "sep", "pad", "mask")
    marks = {f"{name}_token": one for name, one in zip(names, special, strict=True)}
    return PreTrainedTokenizerFast(tokenizer_object=backend, **marks)


MAKERS: dict[str, Callable[[], Any]] = {
    "unigram": lambda: train_tokenizer(EVERY, 700).tokenizer,
    "bpe": lambda: train_tokenizer(EVERY, 700, model="bpe").tokenizer,
    "byte-level": byte_level,
    "wordpiece": wordpiece,
}


@pytest.fixture(scope="module")
def tokenizers() -> dict[str, Any]:
    return {kind: make() for kind, make in MAKERS.items()}


@pytest.fixture(scope="module")
def trimmed(tokenizers: dict[str, Any]) -> dict[str, Trimming]:
    return {kind: trim(old, FEW) for kind, old in tokenizers.items()}


def ids_of(tokenizer: Any, texts: list[str]) -> list[list[int]]:
    return list(encoded(literal_backend(tokenizer), texts))


@pytest.mark.parametrize("kind", KINDS)
def test_the_texts_are_cut_as_before(
    tokenizers: dict[str, Any], trimmed: dict[str, Trimming], kind: str
) -> None:
    old, new = tokenizers[kind], trimmed[kind]
    before, after = ids_of(old, FEW), ids_of(new.tokenizer, FEW)
    assert [[new.kept[id_] for id_ in ids] for ids in after] == before
    assert changed(new.kept, old, new.tokenizer, FEW) == 0
    assert changed(new.kept, old, new.tokenizer, ENGLISH) > 60  # and that would be seen
    assert len(new.kept) == len(new.tokenizer) < 0.8 * len(old)
    assert sorted(new.tokenizer.get_vocab().values()) == list(range(len(new.kept)))
    assert sum(new.reasons.values()) == len(new.kept)
    assert (new.texts, new.pieces) == (15, sum(map(len, before)))


@pytest.mark.parametrize("kind", KINDS)
@RELAXED
@given(text=LETTERS)
def test_no_text_of_its_script_becomes_unknown(
    tokenizers: dict[str, Any], trimmed: dict[str, Trimming], kind: str, text: str
) -> None:
    old, new = tokenizers[kind], trimmed[kind].tokenizer
    [before], [after] = ids_of(old, [text]), ids_of(new, [text])
    assert new.decode(after) == old.decode(before)
    assert (new.unk_token_id in after) == (old.unk_token_id in before)


@pytest.mark.parametrize("kind", KINDS)
def test_whole_scripts_stay(tokenizers: dict[str, Any], kind: str) -> None:
    old = tokenizers[kind]
    both = trim(old, FEW, scripts=("Ethi", "Latn"))
    assert changed(both.kept, old, both.tokenizer, [*FEW, "ሰላም ለዓለም", "ውሻው"]) == 0
    assert both.scripts == ("Ethi", "Latn")
    one = trim(old, FEW, scripts=("Latn",))
    lost = set(both.kept) - set(one.kept)
    assert lost
    if kind != "byte-level":
        gone = "".join(old.convert_ids_to_tokens(sorted(lost)))
        assert all("\u1200" <= c <= "\u137f" or c in "#▁" for c in gone)


def test_a_number_of_pieces_keeps_the_most_used(tokenizers: dict[str, Any]) -> None:
    old = tokenizers["bpe"]
    whole = trim(old, SWAHILI)
    half = trim(old, SWAHILI, pieces=len(whole.kept) - 40)
    assert len(half.kept) <= len(whole.kept) - 40
    assert set(half.kept) < set(whole.kept)
    assert 0 < changed(half.kept, old, half.tokenizer, SWAHILI) < len(SWAHILI)
    with pytest.raises(InputError, match=r"--pieces 9: \d+ have to stay .* ask for more"):
        trim(old, SWAHILI, pieces=9)


def test_merges_of_kept_pieces_stay_and_no_others(trimmed: dict[str, Trimming]) -> None:
    model = json.loads(trimmed["byte-level"].tokenizer.backend_tokenizer.to_str())["model"]
    made = {left + right for left, right in model["merges"]}
    long = {piece for piece in model["vocab"] if len(piece) > 1 and piece != "<end>"}
    assert made == long
    assert {part for pair in model["merges"] for part in pair} <= set(model["vocab"])


def test_a_piece_that_no_merge_makes_keeps_its_letters_alone() -> None:
    """Of "abc" as the end of a text, "ab" is no step on the way: nothing makes "ab"."""
    backend = Tokenizer(models.BPE({"a": 0, "b": 1, "c": 2, "ab": 3, "abc": 4}, [("ab", "c")]))
    old = PreTrainedTokenizerFast(tokenizer_object=backend, eos_token="abc")
    assert set(trim(old, ["cab"]).tokenizer.get_vocab()) == {"a", "b", "c", "abc"}


def test_added_tokens_stay_and_move_together() -> None:
    old = train_tokenizer(EVERY, 700).tokenizer
    add_special(old, ["sentinels:3"])
    new = trim(old, FEW)
    size = len(new.kept)
    found = new.tokenizer.convert_tokens_to_ids([f"<extra_id_{n}>" for n in range(3)])
    assert found == [size - 3, size - 2, size - 1]
    [ids] = new.tokenizer([f"{FEW[0]} <extra_id_1>"])["input_ids"]
    assert [new.kept[id_] for id_ in ids] == old(f"{FEW[0]} <extra_id_1>")["input_ids"]


def test_what_cannot_be_trimmed_is_told() -> None:
    words = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(models.WordLevel({"a": 0, "?": 1}, unk_token="?"))
    )
    with pytest.raises(InputError, match="a WordLevel tokenizer cannot be trimmed: it knows whole"):
        trim(words, ["a"])
    clip = Tokenizer(models.BPE({"a": 0, "b</w>": 1}, [], end_of_word_suffix="</w>"))
    with pytest.raises(InputError, match="marks parts of words by affixes"):
        trim(PreTrainedTokenizerFast(tokenizer_object=clip), ["a"])


def test_without_text_nothing_is_trimmed(tokenizers: dict[str, Any], tmp_path: Path) -> None:
    """Not even where the model's own prompts, which stay, have pieces."""
    old = folder_of("bert", tokenizers["wordpiece"], tmp_path / "old")
    prompts = json.dumps({"prompts": {"query": "mtoto: "}})
    (old / "config_sentence_transformers.json").write_text(prompts, "utf-8")
    with pytest.raises(InputError, match="--text: expected text, found none"):
        trim_model(old, tmp_path / "new", lambda: iter(["", " "]))
    assert not (tmp_path / "new").exists()


def sides(**each: int) -> dict[str, int]:
    return {f"{side}_{name}": n for side in ("encoder", "decoder") for name, n in each.items()}


def model_of(kind: str, rows: int, ids: dict[str, int]) -> Any:
    """A small model with random weights, biases of pieces included."""
    small = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    small |= {"intermediate_size": 16, "vocab_size": rows}
    made: dict[str, Callable[[], Any]] = {
        "bert": lambda: BertForMaskedLM(BertConfig(**small, **ids)),
        "bert, untied": lambda: BertForMaskedLM(
            BertConfig(**small, **ids, tie_word_embeddings=False)
        ),
        "roberta": lambda: RobertaForMaskedLM(
            RobertaConfig(**small, **ids, max_position_embeddings=1000)
        ),
        "llama": lambda: LlamaForCausalLM(LlamaConfig(**small, **ids, tie_word_embeddings=True)),
        "llama, untied": lambda: LlamaForCausalLM(LlamaConfig(**small, **ids)),
        "t5": lambda: T5ForConditionalGeneration(
            T5Config(
                **ids, vocab_size=rows, d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2,
                decoder_start_token_id=ids["pad_token_id"],
            )
        ),
        "bart": lambda: BartForConditionalGeneration(
            BartConfig(
                **ids, vocab_size=rows, d_model=16, **sides(layers=1, ffn_dim=16),
                **sides(attention_heads=2), forced_eos_token_id=ids["eos_token_id"],
                decoder_start_token_id=ids["eos_token_id"],
            )
        ),
    }  # fmt: skip
    torch.manual_seed(1)
    model = made[kind]()
    for name, weight in [*model.named_parameters(), *model.named_buffers()]:
        if name.endswith("bias") and weight.shape[-1] == rows:
            weight.data.normal_()
    return model


def folder_of(kind: str, tokenizer: Any, folder: Path, spare: int = 3) -> Path:
    """A model folder whose table has some rows more than there are pieces."""
    names = ("pad", "bos", "eos")
    ids = {f"{name}_token_id": getattr(tokenizer, f"{name}_token_id") for name in names}
    known = {name: id_ for name, id_ in ids.items() if id_ is not None}
    model_of(kind, len(tokenizer) + spare, known).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.mark.parametrize(
    "kind", ["bert", "bert, untied", "roberta", "llama", "llama, untied", "t5", "bart"]
)
def test_the_model_computes_the_same(tokenizers: dict[str, Any], tmp_path: Path, kind: str) -> None:
    old = folder_of(kind, tokenizers["unigram"], tmp_path / "old")
    facts = trim_model(old, tmp_path / "new", lambda: iter(FEW), updates=1)
    assert (facts["changed"], facts["largest_difference"]) == (0, pytest.approx(0, abs=1e-5))
    size = facts["pieces"]["after"]
    config = json.loads((tmp_path / "new" / "config.json").read_text("utf-8"))
    assert config["vocab_size"] == size < facts["pieces"]["before"]
    for name in ("parameters", "bytes", "memory"):
        assert facts[name]["after"] < facts[name]["before"], name
    if "untied" in kind:  # both tables are cut, and two biases of BERT's
        gone = facts["pieces"]["before"] + 3 - size
        lost = facts["parameters"]["before"] - facts["parameters"]["after"]
        assert lost == gone * (34 if "bert" in kind else 32)


def test_ids_of_special_tokens_move_in_every_file(
    tokenizers: dict[str, Any], tmp_path: Path
) -> None:
    old = tokenizers["wordpiece"]
    folder = folder_of("bert", old, tmp_path / "old", spare=0)
    settings_of = {"pad_token_id": old.pad_token_id, "eos_token_id": [old.sep_token_id]}
    (folder / "generation_config.json").write_text(json.dumps(settings_of), "utf-8")
    trim_model(folder, tmp_path / "new", lambda: iter(FEW))
    new = open_fast_tokenizer(tmp_path / "new")
    assert old.pad_token_id != new.pad_token_id
    config = json.loads((tmp_path / "new" / "config.json").read_text("utf-8"))
    assert config["pad_token_id"] == new.pad_token_id == new.get_vocab()["[PAD]"]
    ids = new("mtoto")["input_ids"]
    assert (ids[0], ids[-1]) == (new.cls_token_id, new.sep_token_id)


def test_a_model_that_counts_positions_from_its_padding_is_refused(
    tokenizers: dict[str, Any], tmp_path: Path
) -> None:
    """RoBERTa's first position is the id of its padding plus one."""
    folder = folder_of("roberta", tokenizers["wordpiece"], tmp_path / "old")
    with pytest.raises(InputError, match=r"computes something else .* cannot be trimmed"):
        trim_model(folder, tmp_path / "new", lambda: iter(FEW))
    assert not (tmp_path / "new").exists()


def test_the_command(
    tokenizers: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = folder_of("bert", tokenizers["unigram"], tmp_path / "old")
    out = tmp_path / "runs" / "sw" / "new"  # folders that are not there are made
    (folder / PROMPTS).write_text('{"prompts": {"query": "swali: "}}', "utf-8")
    (folder / "modules.json").write_text('[{"path": ""}, {"path": "1_Pooling"}]', "utf-8")
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text("{}", "utf-8")
    text, other = tmp_path / "sw.txt", tmp_path / "am.txt"
    text.write_text("\n".join(SWAHILI), "utf-8")
    other.write_text("\n".join(AMHARIC), "utf-8")
    asked = ["trim", str(folder), "--text", str(text), "--out", str(out), "--limit", "40"]
    assert main([*asked, "--held-out", str(other), "--updates", "1"]) == 0
    said = capsys.readouterr().out
    assert "all 40 texts are cut as before" not in said  # the prompts are texts as well
    assert "all 42 texts are cut as before" in said
    facts = json.loads((out / "trim.json").read_text("utf-8"))
    assert (facts["changed"], facts["scripts"]) == (0, ["Latn"])
    assert facts["unknown_percent"][str(other)] == {"before": 0, "after": 0}  # in bytes
    assert sorted(facts["seconds_per_update"]) == ["after", "before"]
    assert (out / "1_Pooling" / "config.json").is_file()
    assert not list(tmp_path.rglob(".writing-*"))
    before, after = (open_encoder(str(one), dtype="float32") for one in (folder, out))
    assert after.prefix == "swali: "
    assert abs(before.encode(SWAHILI[:40]) - after.encode(SWAHILI[:40])).max() < 1e-6
    assert main(asked) == 0  # its own folder, again
    assert main([*asked[:-4], "--out", str(tmp_path)]) == 2
    assert "is there, and trim did not write it; choose another --out" in capsys.readouterr().err


BAD = {
    "scripts": (
        ["--scripts", "Latin"],
        'script "Latin": expected a code of ISO 15924 such as Latn',
    ),
    "near": (["--scripts", "Etho"], "did you mean Ethi"),
    "absent": (["--scripts", "Olck"], "script Olck: the tokenizer has no piece in it"),
    "held-out": (["--held-out", "nowhere.txt"], "nowhere.txt: no such file"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_options_are_one_line(
    tokenizers: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str], case: str
) -> None:
    more, expected = BAD[case]
    folder = folder_of("bert", tokenizers["wordpiece"], tmp_path / "old")
    text = tmp_path / "sw.txt"
    text.write_text("\n".join(SWAHILI), "utf-8")
    out = ["--out", str(tmp_path / "new")]
    assert main(["trim", str(folder), "--text", str(text), *out, *more]) == 2
    told = capsys.readouterr().err
    assert expected in told
    assert told.count("\n") == 1
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("damage", ["weights", "tokenizer", "empty"])
def test_damaged_folders_and_empty_texts(
    tokenizers: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str], damage: str
) -> None:
    folder = folder_of("bert", tokenizers["wordpiece"], tmp_path / "old")
    text = tmp_path / "sw.txt"
    text.write_text(" \n\n" if damage == "empty" else "\n".join(SWAHILI), "utf-8")
    weights = folder / "model.safetensors"
    if damage == "weights":
        weights.write_bytes(weights.read_bytes()[:-400])
    if damage == "tokenizer":
        (folder / "tokenizer.json").unlink()
    expected = {
        "weights": "not a whole safetensors file",
        "tokenizer": "expected a tokenizer beside the weights",
        "empty": "the texts need no piece of the tokenizer",
    }[damage]
    out = tmp_path / "new"
    assert main(["trim", str(folder), "--text", str(text), "--out", str(out)]) == 2
    assert expected in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.real
def test_e5_computes_the_same_in_several_scripts(mirror: Path, tmp_path: Path) -> None:
    folder = resolve_model("multilingual-e5-small").folder
    texts = [
        pair.target
        for code in ("sw", "am", "hi", "ar", "ru", "yo")
        for pair in load_parallel("ntrex-128", resolve("en"), resolve(code)).pairs[:40]
    ]
    facts = trim_model(folder, tmp_path / "new", lambda: iter(texts), scripts=("Ethi",))
    assert (facts["changed"], facts["largest_difference"]) == (0, 0)
    assert facts["parameters"]["after"] < 0.3 * facts["parameters"]["before"]
    before, after = (open_encoder(str(one), dtype="float32") for one in (folder, tmp_path / "new"))
    assert abs(before.encode(texts) - after.encode(texts)).max() < 1e-6
    tagger, _ = open_weights(tmp_path / "new", "AutoModelForTokenClassification", "x")
    assert tagger.config.vocab_size == facts["pieces"]["after"]
