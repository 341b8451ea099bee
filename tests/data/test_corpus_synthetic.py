"""What `lexaug.synthesize` writes is read as a corpus, in each of its layouts."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from data.corpus import find_corpus
from data.errors import InputError

pytest.importorskip("numba")


def synthesised(out: Path, **settings: str) -> Path:
    from lexaug.config import SynthesisConfig
    from lexaug.synthesize import synthesize

    config = {"lang": "sw", "input": "sample", "lexicon": "sample", "inflect": False, "out": out}
    synthesize(SynthesisConfig(**{**config, **settings}))
    return out


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"compress": "gz"},
        {"format": "jsonl", "compress": "zst"},
        {"format": "parquet"},
        {"mode": "parallel"},
        {"mode": "parallel", "format": "parquet"},
    ],
    ids=lambda settings: " ".join(settings.values()) or "text",
)
def test_layouts_of_synthesis(settings: dict[str, str], tmp_path: Path) -> None:
    for package in ("zstandard", "pyarrow"):
        pytest.importorskip(package)
    corpus = find_corpus(str(synthesised(tmp_path / "run", **settings)))
    assert (corpus.synthetic, corpus.languages, corpus.licence) == (True, ("sw",), "CC0-1.0")
    dropped = Counter[str]()
    texts = [record.text for record in corpus.records(dropped=dropped, repairs=Counter())]
    plain = synthesised(tmp_path / "plain") / "text.txt"
    assert texts == plain.read_text("utf-8").splitlines()
    assert not dropped


def test_a_synthesis_that_has_not_finished(tmp_path: Path) -> None:
    folder = synthesised(tmp_path / "run")
    (folder / "coverage.json").unlink()
    with pytest.raises(InputError, match="its synthesis has not finished; run the same command"):
        find_corpus(str(folder))
    (folder / "config.json").write_text("{}")
    with pytest.raises(InputError, match=r"config\.json: not the config\.json of lexaug"):
        find_corpus(str(folder))


def test_a_form_that_no_synthesis_has(tmp_path: Path) -> None:
    folder = synthesised(tmp_path / "run")
    path = folder / "config.json"
    told = json.loads(path.read_text("utf-8"))
    told["run"]["format"] = "csv"
    path.write_text(json.dumps(told), "utf-8")
    with pytest.raises(InputError, match=r'config\.json: expected a format of .*found "csv"; corr'):
        find_corpus(str(folder))
