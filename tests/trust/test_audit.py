"""Audits end to end: what was learned by heart is found, controls fail, a killed one goes on."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from data.errors import InputError
from tests.trust.conftest import Toy
from trust.audit import audit, main
from trust.canaries import Planting, plant
from trust.config import Audit
from trust.report import Audited


def options(toy: Toy, out: Path, **more: Any) -> Audit:
    told = {"members": (toy.members,), "others": (toy.others,), "shadows": 2, "out": out}
    return Audit(str(toy.run), **(told | more))


@pytest.fixture(scope="session")
def done(toy: Toy, tmp_path_factory: pytest.TempPathFactory) -> Audited:
    """An audit of members and canaries."""
    out = tmp_path_factory.mktemp("audit") / "audit"
    return audit(options(toy, out, canaries=toy.canaries, coins=True, shadow_steps=25))


def test_what_was_learned_by_heart_is_found(done: Audited) -> None:
    rows = {row["attack"]: row for row in done.rows() if row["language"] == "all"}
    assert {"loss", "entropy", "reference", "lira", "rmia"} == set(rows)
    assert rows["loss"]["value"] > 80
    assert "TPR at FPR 1 %" not in rows["loss"]  # 40 others cannot show 1 %
    notes = " ".join(done.told["notes"])
    assert "1 % needs 100 others or more, found" in notes
    controls = {(one["attack"], one["control"]): one for one in done.told["membership"]["controls"]}
    permuted = controls["loss", "permuted membership"]
    # One of twenty such intervals lies beside 50, on which machine, nobody knows before.
    assert 25 < permuted["score"]["value"] < 75
    low, high = permuted["score"]["low"], permuted["score"]["high"]
    assert permuted["holds"] is (low <= 50 <= high)
    assert controls["loss", "untrained model"]["score"]["value"] < rows["loss"]["value"]
    [bound] = [one for one in done.told["membership"]["bounds"] if one["counts"]]
    assert (bound["attack"], bound["stated"]) == ("reference", None)
    assert bound["right"] <= bound["guesses"] <= bound["examples"]


def test_canaries_are_exposed(done: Audited, toy: Toy) -> None:
    told = done.told["canaries"]
    bits = {row["repetitions"]: row["exposure"] for row in told["exposure"]}
    assert bits[10] > bits[0]
    assert told["exposure"][0]["at most"] == pytest.approx(6.644, abs=1e-3)  # of 100 secrets
    found = {row["repetitions"]: row["score"]["value"] for row in told["extraction"]}
    assert set(found) == {0, 10}
    assert told["bound"]["examples"] == 4


def test_files_and_pages(done: Audited, capsys: pytest.CaptureFixture[str]) -> None:
    assert not (done.folder / "shadows").exists()
    page = (done.folder / "report.html").read_text("utf-8")
    for part in ("<svg", "Controls, which must fail", "exposure by repetitions", "Epsilon"):
        assert part in page
    rows = (done.folder / "candidates.tsv").read_text("utf-8").splitlines()
    members = sum(row.split("\t")[2] == "yes" for row in rows)
    assert members == done.told["membership"]["members"]
    assert len(list(done.lines())) > 8
    assert done.to_frame().height == len(done.rows())


def test_the_same_command_again_and_a_killed_one(done: Audited, toy: Toy, tmp_path: Path) -> None:
    """Stopped in the second shadow model and later in the canaries: the same bytes."""
    import trust.observations as observations

    out = tmp_path / "again"
    config = options(toy, out, canaries=toy.canaries, coins=True, shadow_steps=25)
    made, calls = observations.train_shadow, []

    def killed(*given: Any, **named: Any) -> Any:
        calls.append(named["number"])
        if named["number"] == 2 and len(calls) == 2:
            raise KeyboardInterrupt
        return made(*given, **named)

    observations.train_shadow = killed  # type: ignore[assignment]
    try:
        with pytest.raises(KeyboardInterrupt):
            audit(config)
    finally:
        observations.train_shadow = made
    with (out / "observations.jsonl").open("ab") as file:
        file.write(b'{"model": "shadow-2", "lo')  # a line that the kill tore
    audit(config)
    for name in ("observations.jsonl", "canaries.jsonl", "candidates.tsv"):
        assert (out / name).read_bytes() == (done.folder / name).read_bytes(), name
    one, two = (json.loads((at / "scores.json").read_text()) for at in (out, done.folder))
    assert one == two
    before = (out / "scores.json").read_bytes()
    audit(replace(config, attacks=("loss",)))  # other attacks: nothing is asked anew
    told = json.loads((out / "scores.json").read_text())
    assert {row["attack"] for row in told["membership"]["rows"]} == {"loss"}
    audit(config)
    assert (out / "scores.json").read_bytes() == before


def test_wrong_input(toy: Toy, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def refused(*given: str) -> str:
        code = main(["--model", str(toy.run), "--out", str(tmp_path / "no"), *given])
        assert code == 2
        return capsys.readouterr().err.strip().splitlines()[-1]

    both = ["--members", toy.members, "--others", toy.members]
    assert "members and others share" in refused(*both)
    assert "--drop-shared" in refused(*both)
    assert "expected examples, found none" in refused(*both, "--drop-shared")
    assert "belong together" in refused("--members", toy.members)
    assert "found neither" in refused()
    text = tmp_path / "text.txt"
    text.write_text("no labels\n", "utf-8")
    assert "text.txt" in refused("--members", str(text), "--others", toy.others)
    assert "did you mean lira" in refused("--attacks", "lyra", *both)
    assert "--shadows 1" in refused("--shadows", "1", *both)
    other = toy.planted / "members.tsv"
    strange = tmp_path / "strange.tsv"
    strange.write_text(other.read_text("utf-8").replace("\tplay", "\tunheard_of"), "utf-8")
    assert "knows nothing of 'unheard_of'" in refused(
        "--members", str(strange), "--others", toy.others
    )
    wrong = tmp_path / "wrong.jsonl"
    wrong.write_text(toy.canaries.read_text("utf-8").replace('"intents"', '"decoder"'), "utf-8")
    assert "made for decoder" in refused("--canaries", str(wrong))
    told = refused("--canaries", str(other))
    assert "expected what trust.canaries wrote" in told
    assert "members.tsv:1" in told
    assert "unknown language 'xx'" in refused("--members", f"xx={text}", "--others", toy.others)
    assert not (tmp_path / "no").exists()


def test_an_audit_without_an_attack_is_none(toy: Toy, tmp_path: Path) -> None:
    config = options(toy, tmp_path / "x")
    config = replace(config, attacks=("lira", "min-k"), shadows=0, canaries=None, limit=20)
    with pytest.raises(InputError, match=r"none of these can be made \(lira needs shadows; min-k"):
        audit(config)
    assert not (tmp_path / "x" / "scores.json").exists()


def test_a_model_of_another_task(toy: Toy, tmp_path: Path) -> None:
    folder = tmp_path / "classifier"
    shutil.copytree(toy.encoder, folder)
    told = json.loads((folder / "config.json").read_text())
    told["architectures"] = ["BertForSequenceClassification"]
    (folder / "config.json").write_text(json.dumps(told))
    with pytest.raises(InputError, match="a model of another task"):
        audit(Audit(str(folder), (toy.members,), (toy.others,), out=tmp_path / "x"))
    with pytest.raises(InputError, match=r"members.tsv: expected plain text"):  # of an encoder
        audit(Audit(str(toy.encoder), (toy.members,), (toy.others,), out=tmp_path / "x"))


def test_canaries_that_the_tokenizer_cannot_tell_apart(toy: Toy, tmp_path: Path) -> None:
    """An e with its accent as one sign and as two: the tokenizer puts text in NFC."""
    lines = []
    for line in toy.canaries.read_text("utf-8").splitlines():
        record = json.loads(line) | {"secret": ["o", "\u00e9"], "signs": ["\u00e9", "e\u0301", "o"]}
        lines.append(json.dumps(record))
    path = tmp_path / "canaries.jsonl"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    with pytest.raises(InputError, match="2 of its 3 signs tokenise alike"):
        audit(Audit(str(toy.run), canaries=path, out=tmp_path / "x"))


def test_no_run_no_shadows(toy: Toy, tmp_path: Path) -> None:
    """A model away from its run is audited without shadow models, and that is said."""
    shutil.copytree(toy.run / "model", tmp_path / "alone")
    config = replace(options(toy, tmp_path / "x"), model=str(tmp_path / "alone"), limit=20)
    found = audit(config)
    assert [row["attack"] for row in found.rows()] == ["loss", "entropy"]
    assert any("no shadow models" in note for note in found.told["notes"])
    assert found.told["membership"]["members"] == 20


def test_planting(toy: Toy, tmp_path: Path) -> None:
    """As often as asked, in the digits of the language; coins put in about half."""
    data = toy.planted / "members.tsv"
    done = plant(Planting("intents", (f"hi={data}",), 3, (0, 2), out=tmp_path / "p"))
    assert {one.language for one in done.canaries} == {"hi"}
    text = done.train.read_text("utf-8")
    for one in done.canaries:
        assert text.count(" ".join(one.words())) == one.repetitions
    rows = (done.folder / "units.tsv").read_text("utf-8").splitlines()
    units = [row.split("\t")[1] for row in rows]
    assert len(units) == len(text.splitlines()) - 1  # a header there
    for one in done.canaries:  # one speaker said all copies
        assert units.count(f"canary-{one.id}") == one.repetitions
    coins = plant(Planting("intents", (str(data),), 40, (1,), coins=True, out=tmp_path / "q"))
    assert 10 < sum(one.repetitions for one in coins.canaries) < 30
    with pytest.raises(InputError, match="--coins puts a canary in once"):
        Planting("intents", (str(data),), coins=True)
    with pytest.raises(InputError, match="expected each number once"):
        Planting("intents", (str(data),), repetitions=(1, 1))
    with pytest.raises(InputError, match="keeps each triple once"):
        Planting("inflection", ("swa:train",))
