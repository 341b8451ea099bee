"""What stands in a folder of a model or of a run is read within bounds, and refused in one line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from data.errors import InputError
from data.unimorph import Triple
from morph.fairseq import FairseqTransducer
from morph.inflect.choice import Calibration
from morph.rules import Rules
from morph.submit.predictors import config_of
from morph.transducer import Transducer
from tests.morph.toys import RECIPE, trained

DEEP = "[" * 5000 + "]" * 5000
DIGITS = '{"format": ' + "9" * 5000 + "}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("toy") / "model"
    trained(RECIPE.__class__(steps=1, seconds=None, width=16, heads=2, inner=16)).save(place)
    return place


def changed(folder: Path, change: Callable[[dict[str, Any]], object], place: Path) -> Path:
    config = json.loads((folder / "config.json").read_text("utf-8"))
    change(config)
    place.mkdir()
    (place / "config.json").write_text(json.dumps(config), "utf-8")
    for path in folder.glob("*.safetensors"):
        (place / path.name).write_bytes(path.read_bytes())
    return place


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.update(weights=["../../model-1.safetensors"]), "stand beside it"),
        (lambda c: c.update(weights=["model-9.safetensors"]), "stand beside it"),
        (lambda c: c.update(languages="sw"), "expected a list in languages"),
        (lambda c: c["architecture"].update(heads=0), "sizes from 1 to 65,536"),
        (lambda c: c["architecture"].update(width=1 << 40), "sizes from 1 to 65,536"),
        (lambda c: c["architecture"].update(rotary=1), "sizes from 1 to 65,536"),
        (lambda c: c["architecture"].update(width="wide"), "expected a whole number"),
        (lambda c: c["architecture"].update(width=32), "the weights that config.json describes"),
        (lambda c: c["alphabet"].pop("units"), "expected alphabet.units"),
        (lambda c: c["alphabet"]["units"].append("ŋ"), "weights, [0-9]+ units"),
        (lambda c: c["alphabet"]["features"].append("Z"), "weights, [0-9]+ units"),
        (lambda c: c.update(weights=[]), "found 1 languages, 0 weights"),
        (lambda c: c.update(languages=[]), "found 0 languages"),
        (lambda c: c.update(ratio=1e6), "a ratio of at most 100"),
        (lambda c: c.update(format=2), "inflection model of format 1"),
    ],
)
def test_a_configuration_that_is_none_is_refused(
    folder: Path, tmp_path: Path, change: Callable[[dict[str, Any]], object], message: str
) -> None:
    with pytest.raises(InputError, match=message) as caught:
        Transducer.load(changed(folder, change, tmp_path / "model"))
    assert "\n" not in str(caught.value)


def test_weights_that_are_none_are_refused(folder: Path, tmp_path: Path) -> None:
    place = changed(folder, lambda _: None, tmp_path / "model")
    (place / "model-1.safetensors").write_bytes(b"\x80\x04pickle")
    with pytest.raises(InputError, match=r"model-1\.safetensors: expected the weights"):
        Transducer.load(place)


@pytest.mark.parametrize("text", [DEEP, DIGITS, "{", "\udcff", "[1]", '{"format": [1]}'])
@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("config.json", Transducer.load),
        ("config.json", FairseqTransducer.load),
        ("config.json", config_of),
        ("calibration.json", Calibration.load),
        ("rules.json", lambda folder: Rules.load(folder / "rules.json")),
    ],
)
def test_files_that_are_no_json_of_ours_are_refused(
    name: str, read: Callable[[Path], object], text: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(text.encode("utf-8", "surrogateescape"))
    if read is config_of and text == '{"format": [1]}':
        assert read(tmp_path) == {"format": [1]}  # any object: it is copied for the record
        return
    with pytest.raises(InputError, match=name):
        read(tmp_path)


def test_rules_with_weights_beyond_measure(tmp_path: Path) -> None:
    rules = Rules.learn([Triple("soma", "V;PST", "alisoma"), Triple("pika", "V;PST", "alipika")])
    rules.save(tmp_path / "rules.json")
    about = json.loads((tmp_path / "rules.json").read_text("utf-8"))
    about["weights"]["suffix"] = 1e9
    (tmp_path / "rules.json").write_text(json.dumps(about), "utf-8")
    with pytest.raises(InputError, match="a weight of more than 100"):
        Rules.load(tmp_path / "rules.json")


def test_words_of_a_thousand_letters(tmp_path: Path) -> None:
    ending = "ma" * 450
    triples = [Triple(f"{one}{ending}", "V;PST", f"ali{one}{ending}") for one in ("so", "pi")]
    assert Rules.learn(triples).predict(f"la{ending}", "V;PST").form == f"alila{ending}"
