"""Every other kind of model: small ones, trained by their own commands, audited with canaries."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.access import Access
from tests.trust.conftest import Toy, utterances
from trust.audit import audit
from trust.canaries import Planted, Planting, plant
from trust.config import Audit
from trust.report import Audited
from trust.targets import target


def texts(path: Path) -> Path:
    """A text a line."""
    path.write_text("".join(f"{one.text}\n" for one in utterances(48)), "utf-8")
    return path


def planted(kind: str, data: Path, folder: Path, most: int = 10) -> Planted:
    config = Planting(
        kind, (f"en={data}",), 1, (0, most), 2, digits="ascii", part=True, out=folder / "planted"
    )
    return plant(config)


def audited(run: Path, done: Planted, folder: Path, shadows: int = 2) -> Audited:
    config = Audit(
        str(run),
        (f"en={done.members}",),
        (f"en={done.others}",),
        done.folder / "canaries.jsonl",
        shadows=shadows,
        shadow_steps=5,
        out=folder / "audit",
    )
    found = audit(config)
    assert (found.folder / "report.html").exists()
    return found


def aucs(found: Audited) -> dict[str, float]:
    return {row["attack"]: row["value"] for row in found.rows()}


def test_tagger(toy: Toy, tmp_path: Path) -> None:
    from training.tag import tag
    from training.tagging.config import TagConfig

    data = tmp_path / "tags.txt"
    lines = (
        "".join(f"{w} {t}\n" for w, t in zip(one.tokens, one.slots, strict=True))
        for one in utterances(48)
    )
    data.write_text("\n".join(lines), "utf-8")
    done = planted("tagger", data, tmp_path)
    how = {"steps": 60, "learning_rate": 0.005, "batch_tokens": 256, "length": 32}
    run = tag(
        TagConfig(train=(str(done.train),), model=str(toy.encoder), out=tmp_path / "run", **how)  # type: ignore[arg-type]
    )
    found = audited(run.folder, done, tmp_path)
    assert set(aucs(found)) == {"loss", "entropy", "reference", "lira", "rmia"}
    assert {one["way"] for one in found.told["canaries"]["extraction"]} == {"inversion"}


@pytest.mark.parametrize(("kind", "objective"), [("decoder", "CLM"), ("encoder", "MLM")])
def test_text(toy: Toy, tmp_path: Path, kind: str, objective: str) -> None:
    from training.pretrain import pretrain
    from training.pretraining.config import PretrainConfig

    done = planted(kind, texts(tmp_path / "texts.txt"), tmp_path)
    run = pretrain(
        PretrainConfig(
            (str(done.train),),
            objective,
            f"{kind}-nano",
            tokenizer=str(toy.encoder),
            steps=150 if kind == "decoder" else 30,
            held_out=0.0,
            length=32,
            batch_tokens=256,
            out=tmp_path / "run",
        )
    )
    found = audited(run.folder, done, tmp_path)
    every = {"loss", "entropy", "min-k", "neighbourhood", "reference", "lira", "rmia"}
    assert set(aucs(found)) == every
    told = found.told["canaries"]
    if kind == "decoder":
        assert aucs(found)["loss"] > 70  # 81 here; chance is 50
        assert {one["way"] for one in told["extraction"]} == {"greedy", "sampled"}
        from trust.extraction import extractable

        written = {
            one["records"]: one["score"]["value"] for one in found.told["membership"]["extractable"]
        }
        assert written["members"] >= written["others"]
        model = target(kind).open(run.folder / "model")
        [known, *_] = target(kind).read(str(done.members), Access())
        assert extractable(model, ["please", known.content])[0] is None


def test_inflection(tmp_path: Path) -> None:
    from morph.recipe import Recipe, TrainingConfig
    from morph.run import train_model

    stems = [a + b for a in ("sem", "pik", "tem", "lal", "som") for b in ("a", "ea", "ua", "ia")]
    rows = [
        f"{stem}\t{prefix}{stem}\tV;{tense};{number + 1}\n"
        for stem in stems
        for tense, prefix in (("PST", "nili"), ("FUT", "nita"))
        for number in range(2)
    ]
    data = tmp_path / "all.tsv"
    data.write_text("".join(rows), "utf-8")
    done = planted("inflection", data, tmp_path, most=1)
    recipe = Recipe(steps=30, hallucinated=0, backward=False, width=32, inner=32)
    config = TrainingConfig(
        ("swa",),
        recipe,
        train=done.train,
        dev=done.others,
        columns=("lemma", "form", "features"),
    )
    train_model(config, tmp_path / "run")
    found = audited(tmp_path / "run", done, tmp_path)
    assert set(aucs(found)) == {"loss", "entropy", "reference", "lira", "rmia"}
    assert {row["repetitions"] for row in found.told["canaries"]["exposure"]} == {0, 1}
