"""One page a model: what runs know is gathered, what they do not know is said, two side by side."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from data.access import Access
from metrics.score import Score
from tests.trust.conftest import Toy
from trust.card import CardOptions, Written, card, main
from trust.model_card.facts import Card, Cell, Row
from trust.model_card.gather import gather
from trust.model_card.huggingface import markdown


def score(name: str, value: float, **more: Any) -> dict[str, Any]:
    told = {"signature": "match:exact", "n": 100, "interval": "95%"} | more
    return Score(name, value, value - 4, value + 4, **told).to_dict()


def write(folder: Path, name: str, content: Any) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(json.dumps(content), "utf-8")


@pytest.fixture(scope="module")
def runs(toy: Toy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy's run with scores in two languages, and runs that looked at the same weights."""
    folder = tmp_path_factory.mktemp("card") / "runs"
    run = folder / "nlu-toy"
    shutil.copytree(toy.run, run)
    told = json.loads((run / "scores.json").read_text("utf-8"))
    for code, value in (("sw", 71.0), ("de", 80.0)):
        for system, less in (("model", 0.0), ("<b>free</b>", 20.0), ("other", 30.0)):
            told["results"].append(
                {"test": f"xsid:test:{code}", "language": code, "system": system}
                | {"scores": [score("intent accuracy", value - less)]}
            )
    told["privacy"] = {"epsilon": 7.99, "delta": 1e-5, "unit": "sentence", "accountant": "PRV"}
    write(run, "scores.json", told)
    shutil.copytree(run, folder / "nlu-other")
    other = json.loads((folder / "nlu-other" / "scores.json").read_text("utf-8"))
    other["results"][-6]["scores"] = [score("intent accuracy", 75.0)]
    write(folder / "nlu-other", "scores.json", other)
    known = gather(str(run), folder)
    identity = f"{known.name}@{known.revision}"
    looked_at(folder, identity, run)
    return folder


def looked_at(folder: Path, identity: str, run: Path) -> None:
    """A retrieval probe, an audit, measures of fairness, and runs of other weights."""
    from models.resolve import resolve_tokenizer
    from trust.run import checksum

    cut = resolve_tokenizer(str(run))
    for name, who in (("probe-1", identity), ("probe-2", "another@0000")):
        config = {"encoder": f"{who}|prefix:", "layers": [0, 2], "corpus": ["sib200"]}
        write(folder / name, "config.json", {"command": "probe.retrieve", "run": config})
        found = score("retrieval", 44.0, signature="x|measure:2/cosine|direction:xx-en")
        row = {"code": "swh_Latn", "language": "sw", "scores": [found]}
        write(folder / name, "scores.json", {"languages": [row]})
    config = {"model": [f"{cut.name}@{cut.revision}"]}
    write(folder / "cost-1", "config.json", {"command": "probe.cost", "run": config})
    row = {"model": config["model"][0], "code": "swh_Latn", "language": "sw", "n": 50}
    row |= {"premium": [1.5, 1.4, 1.6], "pieces_a_word": None}
    write(folder / "cost-1", "scores.json", {"languages": [row]})
    config = {"weights": checksum(run / "model")}
    write(folder / "audit-1", "config.json", {"command": "trust.audit", "run": config})
    rows = [{"attack": "loss", "language": code, "auc": score("AUC", 60)} for code in ("", "sw")]
    write(folder / "audit-1", "scores.json", {"membership": {"rows": rows}, "canaries": None})
    write(
        folder / "fair-1", "config.json", {"command": "trust.fairness", "run": {"model": identity}}
    )
    gap = score("gap", -9.0, signature="metric:x|by:language|run:y")
    figures = [
        {"measure": "gaps", "what": "sw against de", "language": "sw", "score": gap, "null": None},
        {"measure": "weat", "what": "a, b : c, d", "language": "en", "null": [-0.8, 0.8]}
        | {"score": score("effect size", 1.2)},
    ]
    write(folder / "fair-1", "scores.json", {"figures": figures})
    write(
        folder / "damaged", "config.json", {"command": "trust.fairness", "run": {"model": identity}}
    )
    write(folder / "damaged", "scores.json", {"figures": 3})


@pytest.fixture(scope="module")
def written(runs: Path, tmp_path_factory: pytest.TempPathFactory) -> Written:
    out = tmp_path_factory.mktemp("written") / "card"
    options = CardOptions(str(runs / "nlu-toy"), str(runs / "nlu-other"), runs, out=out)
    return card(options)


def rows(of: Card) -> dict[str, Row]:
    return {row.name: row for row in of.rows}


def test_what_runs_know_is_gathered(runs: Path) -> None:
    known = gather(str(runs / "nlu-toy"), runs)
    found = rows(known)
    assert found["intent accuracy"].cells["sw"] == Cell(71, 67, 75, 100)
    assert found["intent accuracy"].worst == "sw"
    assert found["intent accuracy, best of what costs nothing"].cells["de"].value == 60
    assert found["retrieval into English, sib200"].run == "probe-1"
    assert found["pieces beside English"].cells["sw"].text() == "1.50 [1.40, 1.60]"
    assert set(found["AUC of the attack loss"].cells) == {"", "sw"}
    assert found["gap to de"].cells["sw"].value == -9
    assert found["weat: a, b : c, d"].about == "shuffled: -0.80 to 0.80"
    assert found["epsilon, of one sentence"].cells[""].text() == "7.99"
    assert "probe-2" not in known.sources
    assert any(note.startswith("damaged: not read") for note in known.notes)
    assert {one.what for one in known.missing} == {"tags", "topics", "speed"}
    assert [one["role"] for one in known.data] == ["train"]


def test_two_models_side_by_side(written: Written) -> None:
    page = (written.folder / "report.html").read_text("utf-8")
    for part in (
        "Swahili (sw)",
        "nlu-other",
        "difference",
        "+4.0",
        "Not measured",
        'class="number worst"',
    ):
        assert part in page
    assert "<b>free" not in page
    told = json.loads((written.folder / "card.json").read_text("utf-8"))
    assert [one["name"] for one in told["cards"]] == ["nlu-toy", "nlu-other"]
    lines = list(written.lines())
    assert any("python -m trust.card" in line and "--measure" in line for line in lines)


def test_the_model_card_is_one_for_hugging_face(written: Written) -> None:
    hub = pytest.importorskip("huggingface_hub")
    read = hub.ModelCard((written.folder / "README.md").read_text("utf-8"))
    data = read.data.to_dict()
    assert data["pipeline_tag"] == "text-classification"
    assert data["model-index"][0]["name"] == "nlu-toy"
    results = {one.dataset_config: one.metric_value for one in read.data.eval_results
               if one.metric_name == "intent accuracy"}  # fmt: skip
    assert results == {"sw": 71.0, "de": 80.0}
    assert "license" not in data  # nobody said
    assert "| intent accuracy | 80.0 [76.0, 84.0] | 71.0 [67.0, 75.0] |" in read.text
    mine = hub.ModelCard(markdown(written.cards[0], "apache-2.0"))
    assert mine.data.license == "apache-2.0"


def test_text_of_data_is_no_markup(written: Written) -> None:
    from dataclasses import replace

    data = {"name": "a|b <script>", "role": "train", "licence": "*", "texts": 3}
    text = markdown(replace(written.cards[0], data=(data,)))
    assert r"| a\|b \<script\> | train | - | \* | 3 texts |" in text


def test_nothing_is_measured_in_silence(runs: Path, tmp_path: Path) -> None:
    import trust.model_card.measure as module

    before = sorted(path.name for path in runs.iterdir())
    card(CardOptions(str(runs / "nlu-toy"), runs=runs, out=tmp_path / "card"))
    assert sorted(path.name for path in runs.iterdir()) == before
    least, module.LEAST = module.LEAST, 0.01
    try:
        asked = {"runs": runs, "measure": True, "offline": True, "out": tmp_path / "two"}
        done = card(CardOptions(str(runs / "nlu-other"), **asked), Access(offline=True))
    finally:
        module.LEAST = least
    assert "texts a second, 32 at once" in rows(done.cards[0])
    assert "speed" not in {one.what for one in done.cards[0].missing}


def test_an_encoder_knows_what_was_trained_from_it(toy: Toy, runs: Path) -> None:
    run = runs / "nlu-toy"
    told = json.loads((run / "config.json").read_text("utf-8"))
    known = gather(str(toy.encoder), runs)
    assert told["run"]["model"]["revision"] == known.revision
    assert rows(known)["intent accuracy"].about == "trained further"
    assert known.task in ("fill-mask", "feature-extraction")
    assert {one.section for one in known.missing} >= {"pieces", "fairness", "data"}


def test_wrong_input(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def refused(*given: str) -> str:
        assert main([*given, "--runs", str(runs)]) == 2
        return capsys.readouterr().err.strip().splitlines()[-1]

    assert "found no config.json in it; name another --model" in refused("--model", str(tmp_path))
    assert "without a model in it" in refused("--model", str(runs / "probe-1"))
    assert "no such folder" in refused("--model", str(tmp_path / "nothing"))
    said = refused("--model", str(runs / "nlu-toy"), "--out", str(runs / "probe-1"))
    assert "choose another --out" in said
    assert "--model is missing" in refused()


def test_figures_whose_nulls_differ_are_of_the_same_name() -> None:
    from trust.model_card.facts import FAIRNESS, Card, Cell, Row
    from trust.model_card.page import DIFFERENCE, sections

    def of(name: str, value: float, about: str) -> Card:
        row = Row(FAIRNESS, "weat: science, arts", {"": Cell(value, digits=2)}, name, about, None)
        return Card(name, name, "1", "", "", (row,), (), (), (), (), ())

    cards = of("a", 0.25, "shuffled: -0.90 to 0.90"), of("b", -0.5, "shuffled: -0.80 to 0.80")
    [section] = sections(cards)
    assert [(one.model, one.about) for one in section.lines] == [
        ("a", "shuffled: -0.90 to 0.90"), ("b", "shuffled: -0.80 to 0.80"), (DIFFERENCE, ""),
    ]  # fmt: skip
    assert section.lines[2].cells[0] == Cell(-0.75, digits=2)
