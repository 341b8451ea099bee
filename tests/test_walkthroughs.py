"""docs/CONTRIBUTING.md, followed: each block adds a thing from outside the tree, and it works."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import data.catalog
from data import labelled, parallel, utterances
from data.access import Access
from data.errors import InputError
from data.languages import resolve
from data.lexicon import files as lexicons
from data.lexicon.load import load_lexicon
from data.load import load_parallel
from metrics import score as directions
from metrics import translation
from tests.training.texts import options, write_corpus
from training import objectives
from training.pretrain import pretrain
from training.pretraining.config import PretrainConfig

PAGE = Path(__file__).parent.parent / "docs" / "CONTRIBUTING.md"


def followed(heading: str) -> dict[str, Any]:
    """Run the Python under a heading of the page; what it defined."""
    section = PAGE.read_text("utf-8").split(f"\n### {heading}\n")[1].partition("\n#")[0]
    blocks = re.findall(r"^```python\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    assert blocks
    names: dict[str, Any] = {"__name__": "walkthrough"}
    code = compile("\n".join(blocks), str(PAGE), "exec", dont_inherit=True)
    exec(code, names)
    return names


EN, SW = resolve("en"), resolve("sw")


@pytest.fixture
def own_metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers goes with it."""
    monkeypatch.setattr(translation, "METRICS", dict(translation.METRICS))
    monkeypatch.setattr(translation, "STATED", stated := dict(directions.STATED))
    monkeypatch.setattr(directions, "STATED", stated)


def test_a_metric(own_metrics: None) -> None:
    names = followed("A metric")
    found = translation.score(["Habari", "Ndiyo"], ["Habari", "Hapana"], name="same sentence")
    assert (found.value, found.higher_is_better, found.signature) == (50.0, True, "match:exact")
    assert names["SAME"].higher_is_better is True
    with pytest.raises(ValueError, match='"BLEU" is there already'):
        translation.register("BLEU", lambda _: names["SAME"], higher_is_better=True)


def test_a_metric_of_which_less_is_better(own_metrics: None) -> None:
    rate = translation.COPY_RATE
    translation.register("accuracy lost", lambda _: rate, higher_is_better=False)
    assert directions.higher_is_better("accuracy lost") is False


def test_an_auxiliary_objective(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from training.objectives import auxiliary

    monkeypatch.setattr(auxiliary, "AUXILIARIES", dict(auxiliary.AUXILIARIES))
    corpus = write_corpus(tmp_path / "text.sw.txt", 100)
    asked = options(corpus, tmp_path / "run", auxiliary="length:0.5", steps=4)
    with pytest.raises(InputError, match='--auxiliary "length": expected one of adversarial'):
        PretrainConfig(**asked)
    followed("An auxiliary objective")
    done = pretrain(PretrainConfig(**asked))
    assert {"loss", "length loss", "length accuracy"} <= set(done.told["training"]["metrics"])


def test_an_objective(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objectives, "OBJECTIVES", list(objectives.OBJECTIVES))
    corpus = write_corpus(tmp_path / "text.txt", 100)
    asked = options(corpus, tmp_path / "run", objective="reverse", config="bart-nano", steps=2)
    with pytest.raises(InputError, match='objective "reverse": expected'):
        PretrainConfig(**asked)
    names = followed("An objective")
    done = pretrain(PretrainConfig(**asked))
    assert done.told["training"]["steps"] == 2
    with pytest.raises(InputError, match='objective "reverse": expected for a decoder: clm'):
        PretrainConfig(**{**asked, "config": "decoder-nano"})
    with pytest.raises(ValueError, match='encoder-decoder has "reverse" already'):
        objectives.register("reverse", "encoder-decoder", names["Reverse"])


def test_a_reader_of_parallel_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "PAIR_FORMATS", formats := dict(parallel.PAIR_FORMATS))
    monkeypatch.setattr("data.load.PAIR_FORMATS", formats)
    followed("A reader of parallel text")
    path = tmp_path / "mine.bars"
    path.write_text("sw | yo | en\nmbwa | aja | dog\npaka | cat\nngombe | malu | cow\n")
    corpus = load_parallel(str(path), SW, EN, skip_bad=True)
    assert [(pair.source, pair.target) for pair in corpus.pairs] == [
        ("mbwa", "dog"),
        ("ngombe", "cow"),
    ]
    assert corpus.remarks == ("mine.bars: left out: other number of texts (1)",)
    with pytest.raises(InputError, match=r"mine\.bars:3: expected 3 texts, found 2; fix the line"):
        load_parallel(str(path), SW, EN)
    with pytest.raises(InputError, match=r"a \.tsv or \.tmx or \.bars file"):
        load_parallel(str(tmp_path), SW, EN)
    with pytest.raises(ValueError, match=r'found "\.tmx"'):
        parallel.register(".tmx", parallel.PAIR_FORMATS[".tmx"])


def test_a_form_of_lexicons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lexicons, "FORMATS", dict(lexicons.FORMATS))
    followed("A form of lexicons")
    path = tmp_path / "lexicon.txt"
    path.write_text("dog -> mbwa\nlook after -> tunza\n")
    lexicon = load_lexicon(EN, SW, name=str(path))
    assert [entry.target for entry in lexicon.lookup("look after")] == ["tunza"]
    with pytest.raises(ValueError, match='"arrows" is there already'):
        lexicons.register("arrows", lexicons.FORMATS["arrows"])


@pytest.fixture
def own_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for the tables of data sets, whose registration goes with the test."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(data.catalog, "ADDED_TABLES", [])
    yield tmp_path
    data.catalog.catalog.cache_clear()


def write_tables(folder: Path, name: str, kind: str, reader: str, *files: str) -> None:
    cells = (name, kind, reader, "CC0-1.0", "https://example.org", "A toy", "Toy 2026", "-")
    rows = ["\t".join(data.catalog.DATASET_COLUMNS), "\t".join(cells), ""]
    (folder / "datasets.tsv").write_text("\n".join(rows))
    columns = "\t".join(data.catalog.FILE_COLUMNS)
    lines = [f"{name}\t{file}\t-\t-\t-\thttps://example.org/x" for file in files]
    (folder / "files.tsv").write_text("\n".join([columns, *lines, ""]))


def test_a_data_set(own_tables: Path) -> None:
    write_tables(
        own_tables, "toy", "parallel", "aligned",
        "test\ten-sw\ten\ttoy/test.en", "test\ten-sw\tsw\ttoy/test.sw",
    )  # fmt: skip
    followed("A data set")
    (own_tables / "toy").mkdir()
    (own_tables / "toy" / "test.en").write_text("dog\n")
    (own_tables / "toy" / "test.sw").write_text("mbwa\n")
    access = Access(mirror=own_tables, cache=own_tables / "cache", offline=True)
    corpus = load_parallel("toy", EN, SW, access=access)
    assert [(pair.source, pair.target) for pair in corpus.pairs] == [("dog", "mbwa")]
    assert "lafand" in data.catalog.catalog(), "the project's own stay"


def test_a_data_set_whose_name_is_taken_is_refused_and_leaves_nothing(own_tables: Path) -> None:
    write_tables(own_tables, "lafand", "parallel", "aligned", "test\ten-sw\ten\tx/test.en")
    with pytest.raises(InputError, match=r"datasets\.tsv: in the catalog already: lafand"):
        followed("A data set")
    assert data.catalog.dataset("lafand").title != "A toy"


def test_a_row_reads_utterances_and_texts(
    own_tables: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(utterances.READERS, "toy", lambda paths, split, **_: [*paths, split])
    monkeypatch.setitem(labelled.READERS, "toy", lambda path: [path.name])
    write_tables(own_tables, "toy", "utterances", "toy", "test\t-\ten\ttoy/test.txt")
    followed("A data set")
    path, entry = own_tables / "test.txt", data.catalog.dataset("toy")
    found = utterances.read_split(entry, "test", (path,), dropped=Counter(), repairs=Counter())
    assert found == [path, "test"]
    assert list(labelled.read_labelled(replace(entry, kind="topics"), path)) == ["test.txt"]


def test_a_form_of_documents(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from localize import documents
    from localize.extract import rows

    monkeypatch.setattr(documents, "FORMS", dict(documents.FORMS))
    monkeypatch.setattr(documents, "_READERS", {})
    followed("A form of documents")
    path = tmp_path / "oaks.srt"
    cue = (
        "1\n00:00:01,000 --> 00:00:02,000\nAn oak\nis a tree.\n\n2\n00:00:03,000 --> 00:00:04,000\n"
    )
    path.write_text(f"{cue}See https://x.org/a.\n", "utf-8")
    document = documents.read_document(path)
    assert [row.source for row in rows(document, "oaks.srt")] == ["An oak is a tree.", "See ⟦1⟧."]
    made = document.rebuilt({0: "Bir meşe\nağaçtır."}).decode()
    assert "Bir meşe\nağaçtır.\n\n2\n" in made


def test_a_selection(monkeypatch: pytest.MonkeyPatch) -> None:
    from trust.federation import selection

    monkeypatch.setattr(selection, "SELECTIONS", dict(selection.SELECTIONS))
    followed("A selection")
    asking = [selection.Asking([4, 0, 2, 7], 2, seed=1, round=number) for number in range(3)]
    assert [selection.select("in-turns", one) for one in asking] == [[0, 2], [3, 0], [2, 3]]
    assert selection.weight("corrected", "in-turns", 7) == 7


def test_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    from trust.federation import server

    monkeypatch.setattr(server, "SERVERS", dict(server.SERVERS))
    followed("A server")
    made, weights = server.make_server("fedavgm", rate=1.0), torch.zeros(1, dtype=torch.float64)
    for number in (1, 2):
        weights = made.step(weights, torch.ones(1, dtype=torch.float64), number)
    assert weights.item() == pytest.approx(2.9)  # 1, then 1 + 0.9


def test_a_partition(monkeypatch: pytest.MonkeyPatch) -> None:
    from trust.examples import Example
    from trust.federation import partition

    monkeypatch.setattr(partition, "PARTITIONS", dict(partition.PARTITIONS))
    followed("A partition")
    texts = [Example(str(n), "a" * size, "sw", None) for n, size in enumerate((9, 1, 5, 3))]
    found = partition.partition("length", texts, [""] * 4, clients=2, seed=1)
    assert (found.names, found.clients) == (("client-1", "client-2"), ((1, 3), (2, 0)))


def test_a_measure_of_fairness(monkeypatch: pytest.MonkeyPatch) -> None:
    import trust.fairness
    from data.word_lists import gender_pairs

    class Made:
        texts = ("Call my mother", "Set an alarm", "Ask him", "Play a song")
        pairs = gender_pairs("en")

        def lacks(self, need: str) -> str:
            return "no labels" if need == "labels" else ""

    monkeypatch.setattr(trust.fairness, "MEASURES", dict(trust.fairness.MEASURES))
    followed("A measure of fairness")
    mine = trust.fairness.measure("named")
    [figure] = mine.figures(Made())
    assert (figure.score.value, figure.score.n, mine.lacks(Made())) == (50.0, 4, "no labels")
