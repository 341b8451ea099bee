"""Distillation end to end with models of two layers: students learn, open, and go on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from models.encoder import open_encoder
from probe.retrieve import main as retrieve
from training.distil import Distillation, distil, main
from training.distillation.alignment import OTHER, PART, Alignment
from training.distillation.config import DistilConfig
from training.distillation.teacher import Read, View

Make = Callable[..., str]
ALL = "soft,hidden,cosine,relation,embeddings,contrast,own"


def config(text: Path, teacher: str, out: Path, **more: Any) -> DistilConfig:
    base = {"corpora": (str(text),), "teacher": (teacher,), "steps": 6, "length": 32}
    base |= {"batch_tokens": 512, "held_out": 0.1, "device": "cpu", "relation_heads": 4, "out": out}
    return DistilConfig(**base | more)


def weights(done: Distillation) -> bytes:
    return (done.model / "model.safetensors").read_bytes()


@pytest.mark.parametrize(
    ("kind", "more", "opens"),
    [
        ("decoder", {"layers": "1"}, "AutoModelForCausalLM"),
        ("encoder", {"layers": "1", "loss": ALL}, "AutoModelForMaskedLM"),
        ("bert", {"width": 16, "inner": 24, "loss": "hidden,relation"}, "AutoModelForMaskedLM"),
        ("t5", {"layers": "1", "width": 16, "loss": "soft,hidden"}, "AutoModelForSeq2SeqLM"),
        ("encoder", {"student": "bert-nano", "loss": "hidden,soft"}, "AutoModelForMaskedLM"),
    ],
)
def test_a_student_opens_and_is_told_how_large_it_is(
    kind: str, more: dict[str, Any], opens: str, text: Path, teacher: Make, tmp_path: Path
) -> None:
    import transformers

    done = distil(config(text, teacher(kind), tmp_path / "run", **more))
    model, told = getattr(transformers, opens).from_pretrained(done.model, output_loading_info=True)
    assert not told["missing_keys"]
    assert sum(w.numel() for w in model.parameters()) == done.told["model"]["parameters"]
    if not more.get("student"):
        assert done.told["model"]["parameters"] < done.told["teacher"]["parameters"]
    assert (done.folder / "report.html").read_text("utf-8").count("kept on disk") <= 1
    assert {"loss"} <= done.told["training"]["metrics"].keys()


def test_what_is_kept_is_the_same_loss(text: Path, teacher: Make, tmp_path: Path) -> None:
    figures = {}
    for cache in ("no", "yes"):
        more: dict[str, Any] = {"loss": ALL, "layers": "1", "cache": cache, "top_k": 1000}
        done = distil(config(text, teacher("encoder"), tmp_path / cache, **more))
        figures[cache] = done.told["training"]["metrics"]
        assert done.told["teacher"]["kept"] is (cache == "yes")
    assert figures["yes"] == pytest.approx(figures["no"], abs=2e-3)  # 16 bits


def test_a_student_comes_near_its_teacher(text: Path, teacher: Make, tmp_path: Path) -> None:
    more: dict[str, Any] = {"student": "decoder-nano", "loss": "soft", "learning_rate": 5e-3}
    taught = teacher("decoder", steps=60)
    made = config(text, taught, tmp_path / "run", evaluate_every=20, **more, steps=60)
    done = distil(made)
    lines = map(json.loads, (done.folder / "metrics.jsonl").read_text().splitlines())
    losses = [line["evaluation"]["loss soft"] for line in lines if "evaluation" in line]
    assert losses[-1] < 0.7 * losses[0]


def test_a_killed_run_goes_on_to_the_same_bytes(
    text: Path, teacher: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from training.distillation import targets

    more: dict[str, Any] = {"layers": "1", "cache": "yes", "checkpoint_every": 2, "steps": 5}
    whole = distil(config(text, teacher("decoder"), tmp_path / "whole", **more))
    killed, write = tmp_path / "killed", targets._write
    monkeypatch.setattr(targets, "PARTS", 256)

    def cut_off(path: Path, rows: Any) -> None:
        if path.name.startswith("shard-00001"):
            raise KeyboardInterrupt
        write(path, rows)

    monkeypatch.setattr(targets, "_write", cut_off)
    with pytest.raises(KeyboardInterrupt):
        distil(config(text, teacher("decoder"), killed, **more))
    monkeypatch.setattr(targets, "_write", write)
    from training.distillation.distilled import Distilled

    forward, calls = Distilled.forward, []

    def stopped(self: Any, batch: Any) -> Any:
        calls.append(1)
        if len(calls) > 3:
            raise KeyboardInterrupt
        return forward(self, batch)

    monkeypatch.setattr(Distilled, "forward", stopped)
    with pytest.raises(KeyboardInterrupt):
        distil(config(text, teacher("decoder"), killed, **more))
    monkeypatch.setattr(Distilled, "forward", forward)
    done = distil(config(text, teacher("decoder"), killed, **more))
    assert weights(done) == weights(whole)
    name = "metrics.jsonl"
    assert (done.folder / name).read_bytes() == (whole.folder / name).read_bytes()


def test_another_vocabulary(text: Path, teacher: Make, tmp_path: Path) -> None:
    """States are compared over spans of characters; a decoder's probabilities at shared places."""
    student = teacher("decoder", other=True)
    more: dict[str, Any] = {"student": student, "loss": "soft,hidden,own", "steps": 20}
    for cache in ("no", "yes"):
        done = distil(config(text, teacher("decoder"), tmp_path / cache, cache=cache, **more))
        assert done.told["teacher"]["pieces"] == OTHER
        assert all(0 < value < 20 for value in done.told["training"]["metrics"].values())


def test_spans_are_of_the_same_characters(teacher: Make) -> None:
    from models.tokenizer import open_fast_tokenizer

    few, many = (
        open_fast_tokenizer(Path(folder) / "model")
        for folder in (teacher("decoder", other=True), teacher("decoder"))
    )
    alignment = Alignment.of(few, many)
    ids = torch.tensor(few("Mwalimu ananunua kitabu leo.").input_ids).numpy()
    row = alignment.row(ids)

    def letters(tokenizer: Any, pieces: Any, spans: Any) -> list[str]:
        numbers = range(max(spans) + 1)
        return [tokenizer.decode(pieces[spans == one]).strip() for one in numbers]

    assert letters(few, ids, row.own) == letters(many, row.ids, row.its)
    assert len(set(row.own.tolist())) > 5
    assert row.compared.sum() == row.its_compared.sum() > 4


def test_a_trimmed_vocabulary_is_read_by_its_own_pieces(
    text: Path, teacher: Make, tmp_path: Path
) -> None:
    from training.tokenizer.trimmed_model import trim_model

    few = tmp_path / "few.txt"
    few.write_text("Amina anasoma kitabu leo.\n", "utf-8")
    folder = Path(teacher("encoder")) / "model"
    trim_model(folder, tmp_path / "trimmed", lambda: iter(few.read_text("utf-8").splitlines()))
    more: dict[str, Any] = {"student": str(tmp_path / "trimmed"), "loss": "soft,hidden"}
    done = distil(config(few, str(folder), tmp_path / "run", held_out=0.0, **more))
    assert done.told["teacher"]["pieces"] == PART
    first = json.loads((done.folder / "metrics.jsonl").read_text().splitlines()[0])
    assert first["loss"] < 1e-3  # the student is the teacher, with fewer pieces


def test_several_teachers_are_averaged(text: Path, teacher: Make, tmp_path: Path) -> None:
    from training.distillation.run import prepare

    both = (teacher("decoder"), teacher("decoder", seed=1, tokenizer="train:380"))
    made = config(text, both[0], tmp_path / "run", layers="1", cache="no", temperature=1.0)
    made = DistilConfig(**{name: getattr(made, name) for name in made.__dataclass_fields__} | {
        "teacher": both})  # fmt: skip
    from data.access import Access

    with prepare(made, Access()) as prepared:
        batch = next(iter(prepared.batches))
        seen = prepared.teacher(batch)
        places = batch["labels"][:, 1:] != -100
        each = [
            model(batch["input_ids"], attention_mask=batch["attention_mask"]).logits[:, :-1][places]
            for model in prepared.teacher.models
        ]
        assert seen.soft is not None
        told = torch.stack([one.softmax(-1) for one in each]).mean(0).log()
        assert torch.allclose(seen.soft.log_probs, told, atol=1e-5)


def test_a_view_changes_what_the_teacher_says(text: Path, teacher: Make, tmp_path: Path) -> None:
    """One that says what the teacher says changes nothing; one that is uniform does."""

    def same(read: Read, ids: Any, mask: Any, places: Any) -> Any:
        return read(ids, mask, places)

    def level(read: Read, ids: Any, mask: Any, places: Any) -> Any:
        found = read(ids, mask, places)
        return torch.full_like(found, 1 / found.shape[1])

    made = {
        name: distil(config(text, teacher("decoder"), tmp_path / name, layers="1", cache="yes"),
                     view=view)
        for name, view in {"none": None, "same": View("same", same), "level": View("level", level)}
        .items()
    }  # fmt: skip
    metrics = {name: one.told["training"]["metrics"] for name, one in made.items()}
    assert metrics["same"] == pytest.approx(metrics["none"], abs=1e-4)
    assert metrics["level"] != pytest.approx(metrics["none"], abs=1e-2)
    told = json.loads((made["level"].folder / "config.json").read_text())
    assert "level" in json.dumps(told)


def test_students_of_the_command_line_open_in_other_rooms(
    text: Path, teacher: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    command = ["--teacher", teacher("bert"), "--layers", "1", "--corpus", str(text), "--steps", "4"]
    command += ["--length", "32", "--batch-tokens", "512", "--device", "cpu", "--out", str(out)]
    assert main(command) == 0
    assert capsys.readouterr().out.strip() == str(out / "model")
    encoder = open_encoder(str(out))
    assert encoder.encode(["Amina anasoma kitabu."]).shape == (1, 32)
    pairs = tmp_path / "mine.tsv"
    english = [f"Amina reads book {number}." for number in range(12)]
    rows = (f"Amina anasoma kitabu {number}.\t{one}" for number, one in enumerate(english))
    pairs.write_text("".join(f"{row}\n" for row in ["swh\ten", *rows]), "utf-8")
    options = ["--corpus", str(pairs), "--lang", "sw", "--device", "cpu"]
    found = tmp_path / "found"
    assert retrieve([*options, "--model", str(out), "--out", str(found)]) == 0
    [line] = (found / "languages.jsonl").read_text("utf-8").splitlines()
    assert json.loads(line)["code"] == "swh"


def test_a_student_is_tuned_to_tag(text: Path, teacher: Make, tmp_path: Path) -> None:
    from tests.training.tagged_texts import options
    from training.tag import tag
    from training.tagging.config import TagConfig

    student = distil(config(text, teacher("bert"), tmp_path / "student", layers="1"))
    more: dict[str, Any] = {"config": None, "tokenizer": None, "model": str(student.folder)}
    done = tag(TagConfig(**options(tmp_path, tmp_path, **more | {"steps": 3})))
    [told] = [one for one in done.told["results"] if one["system"] == "model"]
    assert 0 <= told["score"]["value"] <= 100
    assert done.told["training"]["steps"] == 3
