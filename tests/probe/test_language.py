"""`probe.language`: the linear probe and the neighbours against plain computations, and the run."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("polars")

from data.errors import InputError
from metrics.score import signature_pairs
from probe.curves import Curve, curves
from probe.encoded import encode
from probe.identity import centre, language_accuracy, neighbour_purity, stack
from probe.language import Identity, identify, main
from probe.many_way import many_way
from probe.ngrams import character_identification
from probe.retrieval import halves
from tests.probe.conftest import LANGUAGES

pytestmark = pytest.mark.usefixtures("small_inventory")


def config(folder: Path, table: Path, out: Path, **more: object) -> Identity:
    given = {"layers": "all", "neighbours": 3, "queries": 50, "dtype": "float32", **more}
    return Identity(model=str(folder), corpus=str(table), out=out, **given)


def languages(shift: float, width: int = 6, rows: int = 40) -> dict[str, np.ndarray]:
    """The same meanings in three languages, each moved in a direction of its own."""
    rng = np.random.default_rng(5)
    meaning = rng.normal(size=(rows, width))
    return {
        name: (meaning + shift * rng.normal(size=width) + 0.1 * rng.normal(size=(rows, width)))
        for name in ("a", "b", "c")
    }


def test_a_probe_finds_languages_that_stand_apart_and_none_that_do_not() -> None:
    fit, held_out = halves(40, seed=1)
    apart = language_accuracy(languages(3), fit, held_out)
    assert apart.accuracy == 100
    assert apart.right.shape == (3, 20)
    assert apart.by_row == [3] * 20
    same = language_accuracy(languages(0), fit, held_out)
    assert same.accuracy < 60
    assert same.chance == pytest.approx(100 / 3)


def test_content_that_was_learned_does_not_help() -> None:
    """One sentence is the same in all languages: it says nothing of the language."""
    rng = np.random.default_rng(2)
    meaning = 5 * rng.normal(size=(30, 8))
    sides = {name: meaning.copy() for name in ("a", "b")}
    found = language_accuracy(sides, *halves(30, seed=1))
    assert found.accuracy == 50


def test_the_weights_are_the_best_ones() -> None:
    """At the optimum of a penalised regression the gradient by hand is 0."""
    from probe.identity import _logistic

    rng = np.random.default_rng(0)
    rows = rng.normal(size=(60, 4)).astype(np.float32)
    labels = np.repeat(np.arange(3), 20)
    rows[labels == 1, 0] += 1
    weights, bias = _logistic(rows, labels, 3, penalty=1.0, steps=200)
    logits = (rows @ weights.T + bias).astype(np.float64)
    chances = np.exp(logits - logits.max(1, keepdims=True))
    chances /= chances.sum(1, keepdims=True)
    wrong = chances - np.eye(3)[labels]
    assert wrong.T @ rows + weights == pytest.approx(np.zeros((3, 4)), abs=2e-3)
    assert wrong.sum(axis=0) == pytest.approx(np.zeros(3), abs=2e-3)


def test_a_linear_probe_is_at_chance_once_means_are_equal() -> None:
    fit, held_out = halves(40, seed=1)
    centred = centre(languages(3), fit)
    assert all(one[fit].mean(axis=0) == pytest.approx(0) for one in centred.values())
    assert language_accuracy(centred, fit, held_out).accuracy < 60


def plain_purity(sides, labels, allowed, neighbours: int) -> float:
    """Every query, every candidate, one by one."""
    names = list(sides)
    points = [(n, r) for n in range(len(names)) for r in range(len(sides[names[0]]))]
    shares = []
    for n, r in points:
        one = sides[names[n]][r]
        order = sorted(
            (
                (-(one @ two) / np.sqrt((one @ one) * (two @ two)), m, s)
                for m, s in points
                if (m, s) != (n, r) and allowed(n, r, m, s)
                for two in [sides[names[m]][s]]
            ),
        )[:neighbours]
        shares.append(np.mean([labels[m][s] == labels[n][r] for _, m, s in order]))
    return 100 * float(np.mean(shares))


@pytest.mark.parametrize("kind", ["language", "kin", "topic"])
def test_neighbours_are_those_of_a_plain_search(kind: str) -> None:
    sides = languages(0.5, rows=12)
    labels = {
        "language": [[name] * 12 for name in sides],
        "kin": [["x"] * 12, ["x"] * 12, ["y"] * 12],
        "topic": [["p", "q", "r"] * 4] * 3,
    }[kind]
    rules = {
        "language": (lambda n, r: ((), ()), lambda n, r, m, s: True),
        "kin": (lambda n, r: ((n,), ()), lambda n, r, m, s: m != n),
        "topic": (lambda n, r: ((), (r,)), lambda n, r, m, s: s != r),
    }
    excluded, allowed = rules[kind]
    found = neighbour_purity(sides, labels, excluded, neighbours=4, queries=99, seed=3)
    assert len(found.hits) == 36
    assert found.share == pytest.approx(plain_purity(sides, labels, allowed, 4))


def test_chance_is_that_of_the_candidates() -> None:
    sides = languages(1, rows=10)
    labels = [["x"] * 10, ["x"] * 10, [None] * 10]
    found = neighbour_purity(sides, labels, lambda n, r: ((n,), ()), neighbours=2, queries=50)
    assert len(found.hits) == 20, "who has no label is no query"
    assert found.chance == 50
    with pytest.raises(InputError, match="no sentence of a, b, c has a label"):
        neighbour_purity(sides, [[None] * 10] * 3, lambda n, r: ((), ()))
    with pytest.raises(InputError, match="expected 21 candidates or more, found 20"):
        neighbour_purity(sides, labels, lambda n, r: ((n,), ()), neighbours=21)


def test_what_does_not_fit_is_refused() -> None:
    sides = languages(1)
    with pytest.raises(InputError, match=r"one shape .* found a \(40, 6\)"):
        stack({"a": sides["a"]})
    with pytest.raises(InputError, match=r"found a \(40, 6\), b \(39, 6\)"):
        stack({"a": sides["a"], "b": sides["b"][1:]})
    with pytest.raises(InputError, match="without a row in common"):
        language_accuracy(sides, np.arange(20), np.arange(19, 40))


def test_letters_alone_tell_languages_apart() -> None:
    rng = np.random.default_rng(1)
    sides = {
        name: ["".join(rng.choice(list(letters), 30)) for _ in range(10)]
        for name, letters in (("x", "abc "), ("y", "abd "), ("z", "жщы "))
    }
    found = character_identification(sides, *halves(10, seed=1))
    assert found.accuracy == 100
    assert found.names == ("x", "y", "z")


def test_a_run_has_scores_of_every_layer_before_and_after(
    folder: Path, table: Path, tmp_path: Path
) -> None:
    done = identify(config(folder, table, tmp_path / "run"))
    assert done.codes == LANGUAGES, "Tibetan has no piece and is left out"
    assert "not representable" in done.notes[-1]
    assert [(one["layer"], one["centred"]) for one in done.records] == [
        (-1, False),
        *((layer, way) for layer in (0, 1, 2) for way in (False, True)),
    ]
    told = {
        (pairs["probe"], pairs["layer"], pairs["centred"]): score
        for score in done.scores
        for pairs in [signature_pairs(score.signature)]
    }
    assert ("language", "2", "yes") not in told, "a linear probe of centred vectors says nothing"
    accuracy = told["language", "0", "no"]
    assert accuracy.n == 4 * 12
    assert accuracy.low <= accuracy.value <= accuracy.high
    assert "sentences" in accuracy.interval
    assert {"language", "neighbours/language", "neighbours/topic", "neighbours/family"} <= {
        probe for probe, _, _ in told
    }
    assert len(done.rows()) == len(done.scores)
    page = (tmp_path / "run" / "report.html").read_text("utf-8")
    assert page.count("<svg") == 3
    assert "python -m probe.language --model" in page
    json.loads((tmp_path / "run" / "scores.json").read_text("utf-8"))


def test_a_killed_run_goes_on_to_the_same_bytes(folder: Path, table: Path, tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    identify(config(folder, table, whole))

    def kill(label: str, done: float, _total: float | None) -> None:
        if (label, done) == ("layers", 2):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        identify(config(folder, table, cut), advance=kill)
    with open(cut / "layers.jsonl", "a", encoding="utf-8") as torn:
        torn.write('{"layer": 2, "cen')
    identify(config(folder, table, cut))
    for name in ("layers.jsonl", "scores.json", "report.html"):
        assert (cut / name).read_bytes() == (whole / name).read_bytes(), name
    with pytest.raises(InputError, match=r"another run \(it differs in .*neighbours"):
        identify(config(folder, table, cut, neighbours=2))


def test_vectors_are_kept_and_a_damaged_file_is_made_again(
    folder: Path, table: Path, tmp_path: Path
) -> None:
    from data.access import Access
    from models.encoder import open_encoder

    access = Access(cache=tmp_path / "cache")
    encoder = open_encoder(str(folder), dtype="float32")
    texts = many_way(str(table), "swh,de")
    encoded = encode(encoder, texts, [0, 2], access=access)
    files = sorted((tmp_path / "cache" / "vectors").rglob("*.npy"))
    assert len(files) == 4
    expected = encoder.layers(texts.sentences[1], [2])[0]
    assert encoded.layer(2)["de"] == pytest.approx(expected, abs=2e-3)
    kept = files[0].read_bytes()
    files[0].write_bytes(kept[:40])
    encode(encoder, texts, [0, 2], access=access)
    assert files[0].read_bytes() == kept


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--layers", "0,13"], "the model has 0 (its embeddings) to 2, found 13"),
        (["--lang", "swh"], "expected 2 languages or more"),
        (["--lang", "swh,klingonese"], "unknown language 'klingonese'"),
        (["--limit", "3"], "--limit 3: expected 4 or more"),
        (["--model", "nowhere"], "no such folder"),
    ],
)
def test_what_cannot_be_asked_is_one_line(
    folder: Path,
    table: Path,
    tmp_path: Path,
    argv: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = ["--model", str(folder), "--corpus", str(table), "--dtype", "float32"]
    assert main([*given, "--out", str(tmp_path / "run"), *argv]) == 2
    told = capsys.readouterr().err
    assert message in told
    assert told.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_a_model_without_a_tokenizer_is_refused(
    folder: Path, table: Path, tmp_path, capsys
) -> None:
    for path in folder.glob("tokenizer*"):
        path.unlink()
    given = ["--model", str(folder), "--corpus", str(table), "--out", str(tmp_path / "run")]
    assert main(given) == 2
    assert "expected a tokenizer beside the weights" in capsys.readouterr().err


def test_sides_of_other_sentences_are_refused(tmp_path: Path, monkeypatch, capsys) -> None:
    from data.languages import resolve
    from probe import many_way as module
    from probe.corpora import Bitext

    monkeypatch.setattr(module, "codes_in", lambda *_: ["swh", "amh"])
    english = {"swh": ("a", "b"), "amh": ("a", "c", "d")}
    monkeypatch.setattr(
        module,
        "bitexts",
        lambda name, codes, _access: (
            Bitext(name, code, resolve(code), english[code], english[code]) for code in codes
        ),
    )
    assert main(["--corpus", "tatoeba", "--out", str(tmp_path / "run")]) == 2
    told = capsys.readouterr().err
    assert "expected the same sentences in every language, found others in amh (3)" in told


def test_the_command_prints_a_table(folder: Path, table: Path, tmp_path: Path, capsys) -> None:
    given = ["--model", str(folder), "--corpus", str(table), "--dtype", "float32"]
    few = ["--neighbours", "3", "--queries", "20", "--out", str(tmp_path / "run")]
    assert main([*given, *few]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("layer")
    assert lines[1].split()[0] == "2"
    assert lines[-3].startswith("chance")
    assert lines[-2].split() == ["characters", lines[-2].split()[1]]


def test_names_beside_curves_do_not_cover_each_other() -> None:
    lines = [Curve(name, [(0, 50, 40, 60), (3, 50.5, 45, 55)]) for name in "pqrs"]
    drawn = curves("a <b> title", lines, flat={"chance": 50.0})
    assert "<b>" not in drawn
    ys = [float(part.split('"')[0]) for part in drawn.split(f'<text x="{760 - 190 + 33}" y="')[1:]]
    assert len(ys) == 5
    assert min(np.diff(sorted(ys))) >= 15
