"""Extension for a new language: new pieces are used, old texts stay, embeddings start well."""

from __future__ import annotations

import errno
import json
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    BartConfig,
    BartForConditionalGeneration,
    BertConfig,
    BertForMaskedLM,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
)

from data.errors import InputError
from data.languages import resolve
from data.lexicon import Entry, ranked
from data.load import load_parallel
from models.tokenizer import open_fast_tokenizer
from training.tokenizer import Extension, change, embeddings, extend, train_tokenizer
from training.tokenizer.__main__ import ExtendOptions, _unmoved, main
from training.tokenizer.embeddings import grow_embeddings, initialise_embeddings
from training.tokenizer.merging import KNOWN, continued
from training.tokenizer.special import add_special, encoded, literal_backend

PAIRS = load_parallel("sample", resolve("en"), resolve("sw")).pairs
ENGLISH = [pair.source for pair in PAIRS]
SWAHILI = [pair.target for pair in PAIRS]
KINDS = ("byte-level", "bpe", "unigram")
TEXTS = st.lists(
    st.sampled_from([*" aeiku.,ŋ中é", " watoto", "kitabu", " the", "ing", " kwenda", "ni", "\n"]),
    max_size=20,
).map("".join)
RELAXED = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


def byte_level() -> Any:
    """A small tokenizer of the kind that SmolLM2, GPT-2 and Llama 3 have."""
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=500, initial_alphabet=alphabet, special_tokens=["<end>"], show_progress=False
    )
    backend.train_from_iterator(ENGLISH, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=backend, eos_token="<end>")


def english(kind: str) -> Any:
    if kind == "byte-level":
        return byte_level()
    return train_tokenizer(ENGLISH, 600, model="bpe" if kind == "bpe" else "unigram").tokenizer


@pytest.fixture(scope="module")
def extended() -> dict[str, tuple[Any, Extension]]:
    found = {}
    for kind in KINDS:
        old = english(kind)
        found[kind] = old, extend(old, SWAHILI, 100)
    return found


def ids_of(tokenizer: Any, texts: list[str]) -> list[list[int]]:
    return list(encoded(literal_backend(tokenizer), texts))


@pytest.mark.parametrize("kind", KINDS)
def test_the_new_language_takes_fewer_pieces(
    extended: dict[str, tuple[Any, Extension]], kind: str
) -> None:
    old, extension = extended[kind]
    assert len(extension.tokenizer) == extension.old_size + 100
    assert [piece.id for piece in extension.pieces] == [*range(len(old), len(old) + 100)]
    before, after = (sum(map(len, ids_of(t, SWAHILI))) for t in (old, extension.tokenizer))
    assert after < 0.75 * before
    used = {id_ for ids in ids_of(extension.tokenizer, SWAHILI) for id_ in ids}
    assert sum(piece.id in used for piece in extension.pieces) > 60


@pytest.mark.parametrize("kind", KINDS)
@RELAXED
@given(text=TEXTS)
def test_only_new_pieces_change_anything(
    extended: dict[str, tuple[Any, Extension]], kind: str, text: str
) -> None:
    old, extension = extended[kind]
    [before], [after] = ids_of(old, [text]), ids_of(extension.tokenizer, [text])
    if max(after, default=0) < extension.old_size:
        assert after == before
    if kind != "unigram":
        assert extension.expanded(after) == before
    assert extension.tokenizer.decode(after) == old.decode(before)


@pytest.mark.parametrize("kind", KINDS)
def test_changes_are_counted(extended: dict[str, tuple[Any, Extension]], kind: str) -> None:
    old, extension = extended[kind]
    found = change(extension, old, ENGLISH)
    assert (found.texts, found.unexplained) == (120, 0)
    assert found.new_pieces < 0.1 * found.pieces


def test_pieces_stay_within_words(extended: dict[str, tuple[Any, Extension]]) -> None:
    for _, extension in extended.values():
        for piece in extension.pieces:
            assert piece.piece.lstrip("▁Ġ").isalpha(), piece
        merged = extension.tokenizer.tokenize(" watoto")
        assert "".join(merged).lstrip("▁Ġ") == "watoto"


def test_new_characters_come_before_what_is_made_of_them() -> None:
    old = train_tokenizer(ENGLISH, 600, model="bpe").tokenizer
    extension = extend(old, ["ŋaŋa ŋaŋa ŋaŋa"], 3)
    assert [piece.piece for piece in extension.pieces] == ["ŋ", "ŋa", "▁ŋa"]
    assert len(extension.pieces[0].sources) == 2  # the two bytes of ŋ
    assert extension.tokenizer.decode(extension.tokenizer("ŋaŋa").input_ids) == "ŋaŋa"


def test_tokens_that_were_added_keep_their_ids() -> None:
    old = english("unigram")
    assert add_special(old, ["sentinels:3"]) == 3
    extension = extend(old, SWAHILI, 50)
    assert extension.tokenizer.convert_tokens_to_ids("<extra_id_2>") == 602
    assert extension.pieces[0].id == 603
    [ids] = ids_of(extension.tokenizer, [SWAHILI[0]])
    assert extension.tokenizer.decode(ids) == SWAHILI[0]


def test_what_cannot_be_extended() -> None:
    words = Tokenizer(models.WordPiece({"[UNK]": 0, "a": 1}, unk_token="[UNK]"))
    words = PreTrainedTokenizerFast(tokenizer_object=words, unk_token="[UNK]")
    with pytest.raises(InputError, match="expected a BPE or Unigram tokenizer, found WordPiece"):
        extend(words, SWAHILI, 10)
    with pytest.raises(InputError, match="expected text of the new language, found none"):
        extend(byte_level(), [], 10)
    with pytest.raises(InputError, match=r"no piece to add: .*rarer than the least count"):
        extend(byte_level(), ["maji"], 10)


def llama(size: int, tied: bool) -> Any:
    torch.manual_seed(1)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=size,
            hidden_size=8,
            intermediate_size=8,
            num_hidden_layers=1,
            num_attention_heads=1,
            tie_word_embeddings=tied,
        )
    )


@pytest.mark.parametrize("tied", [True, False])
def test_embeddings_start_at_the_mean(
    extended: dict[str, tuple[Any, Extension]], tied: bool
) -> None:
    old, extension = extended["byte-level"]
    model = llama(len(old), tied)
    before = [model.get_input_embeddings().weight, model.get_output_embeddings().weight]
    before = [table.detach().clone() for table in before]
    assert initialise_embeddings(model, extension).rows == 100
    after = [model.get_input_embeddings().weight, model.get_output_embeddings().weight]
    for old_rows, new_rows in zip(before, after, strict=True):
        assert torch.equal(new_rows[: len(old)], old_rows)
        for piece in extension.pieces:
            mean = old_rows[list(piece.sources)].mean(0)
            torch.testing.assert_close(new_rows[piece.id], mean)
    assert (after[0].data_ptr() == after[1].data_ptr()) == tied


def test_the_bias_of_the_output_is_a_mean_too(
    extended: dict[str, tuple[Any, Extension]],
) -> None:
    old, extension = extended["unigram"]
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1}
    model = BertForMaskedLM(BertConfig(vocab_size=len(old), intermediate_size=8, **sizes))
    bias = torch.arange(len(old)).float()
    model.cls.predictions.decoder.bias.data.copy_(bias)
    initialise_embeddings(model, extension)
    piece = extension.pieces[-1]
    assert model.get_output_embeddings().bias[piece.id] == bias[list(piece.sources)].mean()


def test_a_lexicon_moves_whole_words(extended: dict[str, tuple[Any, Extension]]) -> None:
    old, extension = extended["byte-level"]
    whole = next(piece for piece in extension.pieces if piece.piece == "Ġna")
    lexicon = ranked([Entry("na", "and"), Entry("na", "with")], "sw", "en")
    model = llama(len(old), tied=True)
    rows = model.get_input_embeddings().weight.detach().clone()
    done = initialise_embeddings(model, extension, lexicon=lexicon, mix=0.25)
    assert done.from_lexicon == 1
    translations = [id_ for ids in ids_of(old, [" and", " with"]) for id_ in ids]
    expected = 0.75 * rows[list(whole.sources)].mean(0) + 0.25 * rows[translations].mean(0)
    torch.testing.assert_close(model.get_input_embeddings().weight[whole.id], expected)


def test_embeddings_of_another_model(extended: dict[str, tuple[Any, Extension]]) -> None:
    _, extension = extended["byte-level"]
    with pytest.raises(InputError, match=r"a tokenizer of another model"):
        initialise_embeddings(llama(100, tied=True), extension)
    with pytest.raises(InputError, match=r"mix 2: expected a number from 0 to 1"):
        initialise_embeddings(llama(500, tied=True), extension, mix=2)


def test_extend_a_model_from_the_shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, out, text = tmp_path / "model", tmp_path / "out", tmp_path / "sw.txt"
    old = byte_level()
    old.save_pretrained(folder)
    llama(len(old), tied=True).save_pretrained(folder)
    text.write_text("\n".join(SWAHILI), "utf-8")
    options = ["--size", "50", "--out", str(out), "--old-text", "sample:en"]
    assert main(["extend", str(folder), "--text", str(text), *options]) == 0
    said = capsys.readouterr().out
    assert "50 new pieces after 500 old ones" in said
    assert "0 changed without a new piece" in said
    assert "50 new embeddings" in said
    facts = json.loads((out / "extension.json").read_text("utf-8"))
    [unmoved] = facts["old_texts"].values()
    assert list(facts["old_texts"]) == ["sample:en"]
    assert (unmoved["texts"], unmoved["changed_without_a_new_piece"]) == (120, 0)
    assert 0 <= unmoved["new_pieces_percent"] < 10
    assert unmoved["changed"] < 120
    assert LlamaForCausalLM.from_pretrained(out).get_input_embeddings().weight.shape == (550, 8)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert main(["extend", str(folder), "--text", str(text), "--out", str(folder)]) == 2
    assert main(["train", "--text", str(text), "--size", "300", "--out", str(folder)]) == 2
    told = f"{folder}: holds a model (config.json), whose tokenizer would be written over; choose"
    assert capsys.readouterr().err.count(told) == 2
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert main(["extend", str(folder), "--text", str(text), *options]) == 0  # its own, again


def test_the_share_of_new_pieces_is_counted(
    extended: dict[str, tuple[Any, Extension]], tmp_path: Path
) -> None:
    old, extension = extended["byte-level"]
    path, none, one = (tmp_path / f"{name}.txt" for name in ("text", "none", "one"))
    path.write_text("\n".join([*SWAHILI[:9], *ENGLISH[:9]]), "utf-8")
    none.write_text("\n", "utf-8")
    texts = [extension.tokenizer.decode([piece.id]) for piece in extension.pieces]
    pieces = zip(texts, ids_of(extension.tokenizer, texts), strict=True)
    whole = next(text for text, ids in pieces if len(ids) == 1 and text == text.strip())
    one.write_text(whole, "utf-8")
    old_text = tuple(map(str, (path, none, one)))
    options = ExtendOptions(folder="model", text=("",), out=tmp_path / "out", old_text=old_text)
    found = _unmoved(extension, old, options)["old_texts"]
    ids = [id_ for some in ids_of(extension.tokenizer, SWAHILI[:9] + ENGLISH[:9]) for id_ in some]
    new = sum(id_ >= len(old) for id_ in ids)
    assert 1 < new < len(ids)
    assert found[str(path)]["new_pieces_percent"] == round(100 * new / len(ids), 3)
    assert found[str(none)]["new_pieces_percent"] == 0
    assert found[str(one)]["new_pieces_percent"] == 100


def test_pieces_marked_by_affixes_cannot_be_continued() -> None:
    for affix in ({"continuing_subword_prefix": "##"}, {"end_of_word_suffix": "</w>"}):
        backend = Tokenizer(models.BPE({"a": 0, "b": 1}, [], **affix))
        marked = PreTrainedTokenizerFast(tokenizer_object=backend)
        with pytest.raises(InputError, match="marks parts of words by affixes cannot be extended"):
            extend(marked, ["ab ab"], 2)


def test_many_texts_are_compared_in_parts(
    extended: dict[str, tuple[Any, Extension]], monkeypatch: pytest.MonkeyPatch
) -> None:
    old, extension = extended["bpe"]
    whole = change(extension, old, SWAHILI)
    for size in (1, 7, len(SWAHILI)):
        monkeypatch.setattr("training.tokenizer.extension._CHUNK", size)
        assert change(extension, old, SWAHILI) == whole
    assert whole.texts == len(SWAHILI)


def test_a_piece_that_older_merges_reach_otherwise_is_not_made_twice() -> None:
    """a+b makes ab; the new pair of the same letters in other pieces would make it again."""
    names = ["a", "b", "c", "ab", "bc", "abc"]
    words = {(3, 2): 5, (0, 4): 4}  # ab c, a bc
    found = continued(words, names, 3, lambda _: True, min_count=2)
    assert [merge.piece for merge in found.merges] == []
    assert found.dropped == {KNOWN: 2}


def test_a_tokenizer_alone_and_what_was_not_added(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out, text = tmp_path / "model", tmp_path / "out", tmp_path / "sw.txt"
    byte_level().save_pretrained(folder)
    text.write_text("\n".join(SWAHILI), "utf-8")
    asked = ["extend", str(folder), "--text", str(text), "--size", "5000", "--out", str(out)]
    assert main([*asked, "--tokenizer-only"]) == 0
    said = capsys.readouterr().out
    assert "candidates not added: pair rarer than the least count" in said
    assert not (out / "model.safetensors").exists()
    assert len(open_fast_tokenizer(out)) > 500


def test_embeddings_that_begin_with_translations(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out, text = tmp_path / "model", tmp_path / "out", tmp_path / "sw.txt"
    old = byte_level()
    old.save_pretrained(folder)
    llama(len(old), tied=True).save_pretrained(folder)
    text.write_text("\n".join(SWAHILI), "utf-8")
    lexicon = tmp_path / "lexicon.tsv"
    lexicon.write_text("sw\ten\nna\tand\nwa\tof\nya\tof\n", "utf-8")
    asked = ["extend", str(folder), "--text", str(text), "--size", "50", "--out", str(out)]
    assert main([*asked, "--lexicon", str(lexicon)]) == 2
    assert "--lexicon needs --lang, the new language" in capsys.readouterr().err
    assert main([*asked, "--lexicon", str(lexicon), "--lang", "sw", "--mix", "0.25"]) == 0
    told = re.search(r"50 new embeddings, (\d+) of them with translations", capsys.readouterr().out)
    assert told
    assert 0 < int(told[1]) <= 3
    facts = json.loads((out / "extension.json").read_text("utf-8"))
    assert (facts["rows"], facts["from_lexicon"], facts["mix"]) == (50, int(told[1]), 0.25)
    assert (facts["old_size"], len(facts["pieces"])) == (500, 50)


def test_a_disk_that_fails_is_not_taken_for_a_full_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(embeddings, "save_safetensors", fails)
    with pytest.raises(OSError, match="Input/output error"):
        embeddings.save_model(llama(20, tied=False), None, tmp_path / "out")


@pytest.mark.parametrize("kind", ["llama", "bart"])
def test_room_for_special_tokens_begins_at_the_mean(kind: str) -> None:
    model: Any = llama(20, tied=False)
    if kind == "bart":
        sizes = {f"{side}_{n}": 1 for side in ("encoder", "decoder") for n in ("layers", "ffn_dim")}
        heads = {f"{side}_attention_heads": 1 for side in ("encoder", "decoder")}
        config = BartConfig(vocab_size=20, d_model=8, **sizes, **heads, pad_token_id=0)
        model = BartForConditionalGeneration(config)
        model.final_logits_bias.copy_(torch.arange(20.0))
    assert grow_embeddings(model, 20) == grow_embeddings(model, 7) == 0
    before = model.get_input_embeddings().weight.detach().clone()
    assert grow_embeddings(model, 23) == 3
    after = model.get_input_embeddings().weight
    assert torch.equal(after[:20], before)
    torch.testing.assert_close(after[20:], before.mean(0).expand(3, -1))
    if kind == "bart":
        assert model.final_logits_bias[0, 20:].tolist() == [9.5] * 3


@pytest.mark.parametrize(("mix", "share"), [(0.0, 0.0), (1.0, 1.0)])
def test_translations_move_a_word_not_at_all_or_all_the_way(
    extended: dict[str, tuple[Any, Extension]], mix: float, share: float
) -> None:
    """The first three translations count, and only of pieces that begin a word."""
    old, extension = extended["byte-level"]
    whole = next(piece for piece in extension.pieces if piece.piece == "Ġna")
    words = ["and", "with", "of", "never"]
    lexicon = ranked([Entry("na", word) for word in words], "sw", "en")
    model = llama(len(old), tied=True)
    rows = model.get_input_embeddings().weight.detach().clone()
    initialise_embeddings(model, extension, lexicon=lexicon, mix=mix)
    ids = [id_ for ids in ids_of(old, [" and", " with", " of"]) for id_ in ids]
    expected = torch.lerp(rows[list(whole.sources)].mean(0), rows[ids].mean(0), share)
    torch.testing.assert_close(model.get_input_embeddings().weight[whole.id], expected)
    with pytest.raises(InputError, match=r"mix -0\.1: expected a number from 0 to 1"):
        initialise_embeddings(model, extension, mix=-0.1)
