"""A translator end to end with a small network: it learns, searches, goes on, refuses."""

from __future__ import annotations

import io
import json
import random
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data.bitext import find_bitext
from data.errors import InputError
from data.tsv import read_tsv
from icl.evaluate import evaluate
from icl.options import RunConfig
from models.weights import save_safetensors
from training.architectures import SpecialIds, build
from training.losses import sequence_loss, translation_loss
from training.progress import Progress
from training.tokenizer import framed, save_tokenizer, train_tokenizer
from training.translate import TrainedTranslator, main, train_translator
from training.translation.batches import Coded, Ends, PairBatches, Source
from training.translation.config import TranslatorConfig
from training.translation.network import tag_of
from training.translation.translator import load_translator
from training.translation.warm_start import from_encoder

LETTERS = dict(zip("abdegh", "KLMNOP", strict=True))  # a letter is a piece: words would be spelt
COMPARED = (
    *("model/model.safetensors", "model/tokenizer.json", "model/config.json"),
    *("metrics.jsonl", "scores.json", "report.html"),
)


def pairs(number: int, seed: int) -> list[tuple[str, str]]:
    """Toy Swahili and English, letter by letter."""
    rng = random.Random(seed)
    made = ["".join(rng.choices(list(LETTERS), k=rng.randint(3, 5))) for _ in range(number)]
    return [(word, "".join(LETTERS[letter] for letter in word)) for word in made]


def write(path: Path, rows: list[tuple[str, str]], header: str = "sw\ten") -> str:
    path.write_text(f"{header}\n" + "".join(f"{a}\t{b}\n" for a, b in rows), "utf-8")
    return str(path)


def options(folder: Path, **more: Any) -> dict[str, Any]:
    base = {
        "pairs": (write(folder / "train.tsv", pairs(300, seed=1)),),
        "dev": write(folder / "dev.tsv", pairs(12, seed=2)),
        "test": (write(folder / "test.tsv", pairs(20, seed=3)),),
        "config": "m2m-nano",
        "tokenizer": "train:366",
        "steps": 180,
        "dropout": 0.0,
        "learning_rate": 0.02,
        "batch_tokens": 512,
        "length": 48,
        "device": "cpu",
        "out": folder / "run",
    }
    return {**base, **more}


def run(folder: Path, **more: Any) -> TrainedTranslator:
    return train_translator(TranslatorConfig(**options(folder, **more)))


def value(done: TrainedTranslator, direction: str, system: str, name: str = "chrF++") -> float:
    [row] = [
        row
        for row in done.rows()
        if (row["test"].rpartition("/")[2], row["direction"], row["system"], row["name"])
        == ("test.tsv", direction, system, name)
    ]
    return float(row["value"])


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> TrainedTranslator:
    return run(tmp_path_factory.mktemp("trained"), evaluate_every=90)


def test_it_learns_both_directions(trained: TrainedTranslator) -> None:
    for direction in ("sw-en", "en-sw"):
        assert value(trained, direction, "model") > 80
        assert value(trained, direction, "model") > value(trained, direction, "copy")
    assert {one["system"] for one in trained.told["results"]} >= {"model", "copy"}
    assert trained.told["training"]["dev"]["chrF++"] > 80
    page = (trained.folder / "report.html").read_text("utf-8")
    assert "test.tsv sw-en: BLEU (model)" in page
    [path] = (trained.folder / "predictions").glob("*-test.tsv.sw-en.tsv")
    rows = [r.cells for r in read_tsv(path, ("source", "reference", "translation"), header=True)]
    assert [row[:2] for row in rows] == pairs(20, seed=3)


def test_the_folder_is_opened_by_icl(trained: TrainedTranslator, tmp_path: Path) -> None:
    """The prompted evaluation scores the same translations, with either engine."""
    [row] = [
        row for row in trained.rows() if (row["test"].rpartition("/")[2], row["direction"],
        row["system"], row["name"]) == ("test.tsv", "sw-en", "model", "chrF++")
    ]  # fmt: skip
    test = write(tmp_path / "test.tsv", pairs(20, seed=3))
    for engine in ("ctranslate2", "transformers"):
        asked = RunConfig(
            "sw",
            test_set=test,
            pool="none",
            shots=0,
            template="m2m",
            model=str(trained.folder),
            engine=engine,
            beam=5,
            out=tmp_path / engine,
        )
        found = {one.system: one for one in evaluate(asked).results}
        score = found["model"].score("chrF++")
        assert score.value == pytest.approx(row["value"], abs=0.01)
        assert "decoding:beam 5" in score.signature


def test_lines_are_translated(
    trained: TrainedTranslator,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mine = tmp_path / "mine.txt"
    mine.write_text("badge\n\nhad\n", "utf-8")
    capsys.readouterr()
    assert main(["apply", str(trained.folder), "--from", "swa", "--to", "en", str(mine)]) == 0
    assert capsys.readouterr().out.splitlines() == ["LKMON", "", "PKM"]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"PKM\n")))
    assert (
        main(["apply", str(trained.folder), "--from", "en", "--to", "sw", "--beam", "1", "-"]) == 0
    )
    assert capsys.readouterr().out == "had\n"
    assert main(["apply", str(trained.folder), "--from", "sw", "--to", "yo", str(mine)]) == 2
    assert "yo: expected a language that the model has a tag for" in capsys.readouterr().err


def test_the_search_writes_what_transformers_writes(trained: TrainedTranslator) -> None:
    """Converted positions begin where the network's own do, whatever the padding's id."""
    import torch
    from transformers import M2M100ForConditionalGeneration

    translator = load_translator(trained.folder)
    coder = translator.coder
    model = M2M100ForConditionalGeneration.from_pretrained(trained.model).eval()
    sources = [source for source, _ in pairs(8, seed=9)]
    found = translator.translate(sources, "sw", "en", beam=1)
    for source, text in zip(sources, found, strict=True):
        [ids] = coder.sources([source], "sw", tagged=False)
        with torch.no_grad():
            written = model.generate(
                torch.tensor([ids]), forced_bos_token_id=coder.tag("en"), num_beams=1
            )
        assert coder.tokenizer.decode(written[0], skip_special_tokens=True).strip() == text


def test_a_killed_run_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    more: dict[str, Any] = {"steps": 30, "checkpoint_every": 10, "evaluate_every": 15}
    config = TranslatorConfig(**options(tmp_path, **more, out=tmp_path / "one" / "run"))
    whole = train_translator(config, command="again")

    def stop(progress: Progress) -> None:
        if progress.step >= 15:
            raise RuntimeError("killed")

    other = TranslatorConfig(**options(tmp_path, **more, out=tmp_path / "two" / "run"))
    with pytest.raises(RuntimeError, match="killed"):
        train_translator(other, progress=stop, command="again")
    assert not (tmp_path / "two" / "run" / "scores.json").exists()
    again = train_translator(other, command="again")
    for name in COMPARED:
        assert (again.folder / name).read_bytes() == (whole.folder / name).read_bytes(), name


def test_it_goes_on_from_a_model_with_text_translated_back(
    trained: TrainedTranslator, tmp_path: Path
) -> None:
    text = tmp_path / "text.en.txt"
    text.write_text("".join(f"{b}\n" for _, b in pairs(40, seed=5)), "utf-8")
    more = {"config": None, "tokenizer": None, "steps": 5, "learning_rate": None}
    done = run(
        tmp_path,
        **more,
        model=str(trained.folder),
        monolingual=(f"{text}:0.5",),
        teacher=str(trained.folder),
    )
    [back] = [one for one in done.told["data"] if one["tagged"]]
    assert (back["languages"], back["weight"]) == ("sw-en", 0.5)
    assert 0 < back["pairs"] <= 40
    [path] = (done.folder / "data").glob("back-*.jsonl")
    first = json.loads(path.read_text("utf-8").splitlines()[0])
    assert set(first["source"]) <= set(LETTERS)
    assert value(done, "sw-en", "model") > 60
    known = load_translator(done.folder).coder.tokenizer.get_vocab()
    assert "<bt>" in known


def test_a_lexicon_teaches_as_pairs(tmp_path: Path) -> None:
    done = run(tmp_path, steps=2, lexicon="sample:0.5", test=(), dev=None)
    [entries] = [one for one in done.told["data"] if one["name"] == "lexicon sample"]
    assert entries["pairs"] > 300
    assert (entries["weight"], entries["licence"]) == (0.5, "CC0-1.0")
    assert done.rows() == []


def test_one_direction_is_that_of_the_pairs_for_the_lexicon_too(tmp_path: Path) -> None:
    done = run(tmp_path, steps=2, lexicon="sample", directions="forward", dev=None)
    assert {one["languages"] for one in done.told["data"]} == {"sw-en"}
    assert {row["direction"] for row in done.rows()} == {"sw-en"}


def test_pairs_of_a_test_set_are_not_trained_on(tmp_path: Path) -> None:
    leaked = pairs(300, seed=1) + pairs(20, seed=3)
    done = run(tmp_path, steps=1, pairs=(write(tmp_path / "more.tsv", leaked),), dev=None)
    [told] = [one for one in done.told["data"] if one["role"] == "train"]
    assert told["dropped"]["pair of a test set"] >= 20
    assert told["pairs"] + sum(told["dropped"].values()) == 320


def test_bart_and_t5_are_trained_and_converted_too(tmp_path: Path) -> None:
    for family in ("bart", "encoder-decoder"):
        done = run(tmp_path, steps=2, config=f"{family}-nano", dev=None, out=tmp_path / family)
        assert {row["direction"] for row in done.rows()} == {"sw-en", "en-sw"}


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"pairs": ()}, "--pairs is missing; name translations such as"),
        ({"config": None}, "expected --config NAME (random weights) or --model NAME"),
        ({"config": "bert-nano"}, "--config bert-nano: expected a model that reads one text and"),
        ({"tokenizer": None}, "--tokenizer is missing: random weights need one"),
        ({"model": "x", "config": None}, "--tokenizer train:366: the model's embeddings belong"),
        ({"monolingual": ("a.en.txt",)}, "--monolingual and --teacher belong together"),
        ({"dev": None, "evaluate_every": 5}, "--evaluate-every and --patience need --dev"),
        ({"directions": "sideways"}, '--directions "sideways": expected one of both, forward'),
        ({"smoothing": 2.0}, "--smoothing 2.0: expected"),
        ({"beam": 0}, "--beam 0: expected"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, more: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError) as refused:
        TranslatorConfig(**options(tmp_path, **more))
    assert str(refused.value).startswith(told)


def refused(folder: Path, **more: Any) -> str:
    with pytest.raises(InputError) as found:
        run(folder, **more)
    assert not (folder / "run" / "model").exists()
    return str(found.value)


def test_pairs_that_cannot_be_learned_are_refused(tmp_path: Path) -> None:
    left, right = tmp_path / "news.sw", tmp_path / "news.en"
    left.write_text("mbuzi\nmti\n", "utf-8")
    right.write_text("goat\n", "utf-8")
    assert refused(tmp_path, pairs=(f"{left},{right}",)).startswith(
        f"expected files of as many lines each, found {left}: 2, {right}: 1"
    )
    right.write_text("goat\n\n", "utf-8")
    assert "expected a sentence on both sides, found empty" in refused(
        tmp_path, pairs=(f"{left},{right}",)
    )
    other = tmp_path / "news"
    other.write_text("goat\ntree\n", "utf-8")
    assert "expected files that end in the codes of their languages" in refused(
        tmp_path, pairs=(f"{left},{other}",)
    )
    same = write(tmp_path / "same.tsv", pairs(4, seed=1), "sw\tswa")
    assert "sw" in refused(tmp_path, pairs=(same,))
    table = write(tmp_path / "table.tsv", pairs(4, seed=1))
    assert "no column or segment in Yoruba" in refused(tmp_path, pairs=(f"{table}:yo-en",))
    equal = write(tmp_path / "equal.tsv", [("Nairobi", "Nairobi"), ("...", "!")])
    assert refused(tmp_path, pairs=(equal,)) == (
        f"{equal}: nothing is left to train on (1 pair of two equal texts, 1 pair without a"
        " letter); give other pairs"
    )
    assert "named twice" in refused(tmp_path, pairs=(table, f"{table}:2"))
    assert "expected a weight above 0" in refused(tmp_path, pairs=(f"{table}:0",))
    yoruba = write(tmp_path / "yo.tsv", pairs(4, seed=1), "yo\ten")
    assert refused(tmp_path, test=(yoruba,)) == (
        f"{yoruba}: expected languages that are learned (sw-en), found yo-en; give --pairs of them,"
        " or leave it out"
    )
    long = write(tmp_path / "long.tsv", [("badge" * 4, "LKMON" * 4)] * 40)
    assert "every pair has a side that is longer" in refused(
        tmp_path, pairs=(long,), tokenizer="train:358", length=8, batch_tokens=64
    )


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("encoder")
    lines = [text for pair in pairs(100, seed=1) for text in pair]
    tokenizer = framed(train_tokenizer(lines, 366).tokenizer, "encoder")
    save_safetensors(build("bert-nano", SpecialIds(0, 2, 3), len(tokenizer), 1), folder)
    save_tokenizer(tokenizer, folder)
    return folder


def test_models_that_cannot_translate_are_refused(
    encoder: Path, trained: TrainedTranslator, tmp_path: Path
) -> None:
    more = {"config": None, "tokenizer": None, "model": str(encoder)}
    assert refused(tmp_path, **more) == (
        f"--model {encoder}: expected an encoder-decoder (M2M-100, NLLB, BART, T5), found bert,"
        " which has one stack only; choose another, or --config m2m-small for random weights"
    )
    with pytest.raises(InputError, match="expected an encoder-decoder"):
        load_translator(encoder)
    broken = tmp_path / "broken"
    broken.mkdir()
    for path in trained.model.iterdir():
        (broken / path.name).write_bytes(path.read_bytes())
    whole = (broken / "model.safetensors").read_bytes()
    (broken / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    more["model"] = str(broken)
    assert "model.safetensors: not a whole safetensors file" in refused(tmp_path, **more)
    text = tmp_path / "text.yo.txt"
    text.write_text("ewúrẹ́\n", "utf-8")
    assert "expected text in a language of the pairs (en, sw), found yo" in refused(
        tmp_path, monolingual=(str(text),), teacher=str(trained.folder)
    )


def test_both_sides_begin_as_a_pretrained_encoder(encoder: Path) -> None:
    """BART's encoder computes what BERT does; tags are beside its pieces, and differ."""
    import torch
    from transformers import BertModel

    bert = BertModel.from_pretrained(encoder).eval()
    rows = bert.config.vocab_size
    how: dict[str, Any] = {"encoder_layers": None, "decoder_layers": 3, "seed": 1}
    model = from_encoder(encoder, rows + 2, SpecialIds(0, 2, 3), tied=False, **how).eval()
    ids, mask = torch.tensor([[2, 7, 9, 3, 0]]), torch.tensor([[1, 1, 1, 1, 0]])
    with torch.no_grad():
        mine = model.get_encoder()(input_ids=ids, attention_mask=mask).last_hidden_state
        theirs = bert(input_ids=ids, attention_mask=mask).last_hidden_state
    assert torch.allclose(mine[0, :4], theirs[0, :4], atol=1e-3)
    table = model.lm_head.weight
    assert torch.equal(table[:rows], bert.embeddings.word_embeddings.weight)
    assert not torch.equal(table[rows], table[rows + 1])
    with pytest.raises(InputError, match="expected 1 to 2 layers"):
        from_encoder(encoder, rows, SpecialIds(0, 2, 3), tied=True, **how | {"encoder_layers": 5})


def test_a_frozen_encoder_stays_as_it_is(encoder: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    begun = {"config": "bart-nano", "encoder": f"{encoder}:1", "tokenizer": None, "dev": None}
    done = run(tmp_path, **begun, freeze="encoder", steps=3, learning_rate=0.01)
    assert {row["direction"] for row in done.rows()} == {"sw-en", "en-sw"}
    before = load_file(encoder / "model.safetensors")
    after = load_file(done.model / "model.safetensors")
    name = "encoder.layer.0.intermediate.dense.weight"
    [theirs] = [tensor for key, tensor in before.items() if key.endswith(name)]
    assert (after["model.encoder.layers.0.fc1.weight"] == theirs).all()
    assert not (after["model.decoder.layers.0.fc1.weight"] == theirs).all()


def test_a_beam_is_for_encoder_decoders(tmp_path: Path, encoder: Path) -> None:
    test = write(tmp_path / "test.tsv", pairs(20, seed=3))
    config = RunConfig("sw", test_set=test, shots=0, pool="none", model=str(encoder), beam=3,
                       engine="transformers", out=tmp_path / "run")  # fmt: skip
    with pytest.raises(InputError, match=r"--beam 3: .* answers greedily"):
        evaluate(config)


def test_names_of_translations_say_their_languages(tmp_path: Path) -> None:
    assert find_bitext("sample:sw").languages == ("sw", "en")
    turned = find_bitext("sample:en-sw")
    assert turned.languages == ("en", "sw")
    assert turned.pairs == tuple((b, a) for a, b in find_bitext("sample:sw").pairs)
    table = write(tmp_path / "table.tsv", pairs(4, seed=1))
    assert find_bitext(table).languages == ("sw", "en")
    assert find_bitext(f"{table}:en-sw").languages == ("en", "sw")


def coded(lengths: list[int]) -> list[Coded]:
    return [Coded(np.full(n, n), np.full(n + 1, n)) for n in lengths]


def test_an_epoch_sees_each_set_as_often_as_its_weight_says() -> None:
    sources = [Source("a", 1.0, coded([3, 4, 5])), Source("b", 2.0, coded([7])),
               Source("c", 0.5, coded([8, 9, 10, 11]))]  # fmt: skip
    stream = PairBatches(sources, Ends(pad=0, start=2), tokens=23, seed=1)
    seen: list[int] = []
    for batch in stream:
        if stream.state_dict()["epoch"]:
            break
        seen += batch["input_ids"][:, 0].tolist()
        assert batch["input_ids"].numel() + batch["labels"].numel() <= 23
    assert sorted(seen)[:5] == [3, 4, 5, 7, 7]
    assert len(seen) == 7


def test_a_stream_goes_on_from_its_place() -> None:
    sources = [Source("a", 1.5, coded(list(range(3, 11))))]
    stream = PairBatches(sources, Ends(pad=0, start=2), tokens=24, seed=1)
    batches, places = [], []
    for _, batch in zip(range(20), stream, strict=False):
        batches.append(batch["input_ids"].tolist())
        places.append(stream.state_dict())
    for place in (0, 7, 13):
        again = PairBatches(sources, Ends(pad=0, start=2), tokens=24, seed=1)
        again.load_state_dict(places[place])
        following = [b["input_ids"].tolist() for _, b in zip(range(4), again, strict=False)]
        assert following == batches[place + 1 : place + 5]


def test_the_loss_is_the_models_own_without_the_tag() -> None:
    import torch

    model = build("m2m-nano", SpecialIds(0, 2, 3), 40, seed=1).eval()
    batch = {
        "input_ids": torch.tensor([[9, 8, 3], [7, 3, 0]]),
        "attention_mask": torch.tensor([[1, 1, 1], [1, 1, 0]]),
        "labels": torch.tensor([[-100, 12, 13, 3], [-100, 14, 3, -100]]),
        "decoder_input_ids": torch.tensor([[3, 30, 12, 13], [3, 30, 14, 3]]),
    }
    total, count = translation_loss(model, batch)
    assert int(count) == 5
    scores = model(**{k: v for k, v in batch.items() if k != "labels"}).logits
    probabilities = scores.log_softmax(-1)
    right = [(0, 1, 12), (0, 2, 13), (0, 3, 3), (1, 1, 14), (1, 2, 3)]
    by_hand = -sum(probabilities[place] for place in right)
    assert float(total) == pytest.approx(float(by_hand), rel=1e-5)
    smoothed, _ = translation_loss(model, batch, smoothing=0.2)
    spread = -sum(probabilities[row, place].mean() for row, place, _ in right)
    assert float(smoothed) == pytest.approx(float(0.8 * by_hand + 0.2 * spread), rel=1e-5)
    plain = {"labels": torch.tensor([[12, 13, 3], [14, 3, -100]])}
    assert int(sequence_loss(model, {**batch, **plain})[1]) == 5


def test_tags_are_those_that_the_vocabulary_has() -> None:
    assert tag_of("sw", {"swh_Latn": 1, "__sw__": 2}) == "__sw__"
    assert tag_of("en", {"eng_Latn": 1}) == "eng_Latn"
    assert tag_of("en", {}) == "__en__"
