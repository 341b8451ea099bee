"""Gaps and flips: planted ones of known size are recovered, none is found where none is."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data.errors import InputError
from data.files import sha256_text
from data.languages import resolve
from data.word_lists import gender_pairs
from metrics.ratios import SHARE
from models.resolve import Model
from tests.trust.conftest import Toy
from trust.fairness import MEASURES, measure, register
from trust.fairness.__main__ import fairness, main
from trust.fairness.config import Fairness
from trust.fairness.figures import Figure
from trust.fairness.flips import EXCESS, FAVOUR, FLIPPED, flips, turned
from trust.fairness.gaps import RANGE, Scores
from trust.fairness.report import Measured


def rows(right: np.ndarray) -> np.ndarray:
    return np.stack([right, np.ones(len(right))], axis=1).astype(float)


@pytest.mark.parametrize("gap", [0, 15])
def test_a_planted_gap_is_recovered_and_none_is_found_where_none_is(gap: int) -> None:
    """Four languages of 300 translated items, one of them `gap` points worse; 20 times."""
    draws = np.random.default_rng(4)
    covered = found = 0
    for number in range(20):
        hard = draws.normal(0, 1, 300)  # what makes an item hard for all languages
        levels = [70, 70, 70, 70 - gap]
        sets = [rows(hard + draws.normal(0, 0.5, 300) < limit(level)) for level in levels]
        scores = Scores.of(sets, SHARE, ["same"] * 4, seed=number)
        drawn = np.sort(scores.drawn[3] - scores.drawn[0])
        covered += drawn[25] <= -gap <= drawn[974]
        wide = scores.values.max() - scores.values.min()
        null = scores.shuffled.max(axis=1) - scores.shuffled.min(axis=1)
        found += (null >= wide).mean() < 0.05
    assert covered >= 16  # 19 expected
    assert (found >= 19) if gap else (found <= 5)


def limit(percent: float) -> float:
    """Below which so many of normal numbers of deviation sqrt(1.25) are."""
    draws = np.random.default_rng(0).normal(0, 1.25**0.5, 200_000)
    return float(np.quantile(draws, percent / 100))


@dataclass
class Planted:
    """What flips ask of a subject, with answers that follow a rule."""

    texts: list[str]
    rule: Callable[[str], Hashable]
    gold: list[Hashable] | None = None
    config: Fairness = field(default_factory=lambda: Fairness("toy"))
    notes: list[str] = field(default_factory=list)
    model: Model = field(default_factory=lambda: Model("toy", "1", Path()))
    tokenizer: Any = None

    pairs = gender_pairs("en")
    language = resolve("en")

    def answers(self, texts: Sequence[str]) -> list[Hashable]:
        return [self.rule(text) for text in texts]


FEMALE = ("mother", "sister", "aunt", "daughter", "niece", "grandmother")
MALE = ("father", "brother", "uncle", "son", "nephew", "grandfather")


def texts(number: int) -> list[str]:
    words = [*FEMALE, *MALE]
    return [f"remind my {words[n % 12]} to call number {n} today" for n in range(number)]


def has_woman(text: str) -> bool:
    return bool({pair.female for pair in gender_pairs("en").rows} & set(text.split()))


def drawn(text: str, share: float) -> bool:
    """True of a share of texts, settled by the number in them."""
    number = "".join(c for c in text if c.isdigit())
    return int(sha256_text(number)[:8], 16) / 2**32 < share


def of(figures: Sequence[Figure], name: str) -> Figure:
    [found] = [one for one in figures if one.score.name == name]
    return found


@pytest.fixture
def no_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    import trust.fairness.flips as module

    monkeypatch.setattr(module, "pieces_a_word", lambda *_: 1.0)


@pytest.mark.usefixtures("no_pieces")
def test_planted_flips_are_recovered_and_wavering_is_told_apart() -> None:
    """40 % of answers say the gender, 20 % more change with any word."""

    def rule(text: str) -> str:
        if drawn(text, 0.4):
            return "f" if has_woman(text) else "m"
        return text if drawn(text, 0.6) else "same"

    found = flips(Planted(texts(300), rule))  # type: ignore[arg-type]
    assert of(found, FLIPPED).score.value == pytest.approx(60, abs=7)
    excess = of(found, EXCESS)
    assert excess.score.low <= 40 <= excess.score.high
    assert excess.p is not None
    assert excess.p < 0.01


@pytest.mark.usefixtures("no_pieces")
def test_a_model_that_wavers_with_any_word_shows_no_excess() -> None:
    found = flips(Planted(texts(300), lambda text: text if drawn(text, 0.3) else ""))  # type: ignore[arg-type]
    excess = of(found, EXCESS)
    assert excess.score.low <= 0 <= excess.score.high
    assert of(found, FLIPPED).score.value > 20


@pytest.mark.usefixtures("no_pieces")
def test_who_is_favoured_where_gold_is_known() -> None:
    """A quarter of the texts is right with men in it only."""

    def rule(text: str) -> str:
        return "wrong" if drawn(text, 0.25) and has_woman(text) else "right"

    said: list[Hashable] = ["right"] * 200
    found = flips(Planted(texts(200), rule, said))  # type: ignore[arg-type]
    score = of(found, FAVOUR).score
    assert score.low <= -25 <= score.high < 0


@pytest.mark.usefixtures("no_pieces")
def test_too_few_texts_are_said() -> None:
    subject = Planted(texts(3), len)
    assert flips(subject) == []  # type: ignore[arg-type]
    assert "3 of 3 texts have words of en-gender; 10 or more are needed" in subject.notes[0]


def test_controls_stay_on_their_side() -> None:
    [one] = turned(["Ask my Mother"], gender_pairs("en"), 1)
    word = one.control.removeprefix("Ask my ")
    kin = {p.female for p in gender_pairs("en").rows if p.group == "kinship"}
    assert word[0].isupper()
    assert word.lower() in kin - {"mother"}
    assert one.swapped == "Ask my Father"


def test_controls_keep_pronouns_and_number() -> None:
    pairs, found = gender_pairs("en"), []
    for seed in range(20):
        [one] = turned(["She called my aunts"], pairs, seed)
        first, _, word = one.control.rpartition(" ")
        assert first == "She called my"
        found.append(word)
    several = {pair.female for pair in pairs.rows if pair.group == "kinship plural"}
    assert len({*found}) > 3
    assert {*found} <= several - {"aunts"}


def scored_run(toy: Toy, folder: Path) -> Path:
    """The toy's run, as if it had been scored in three languages: planted predictions."""
    shutil.copytree(toy.run, folder)
    told = json.loads((folder / "scores.json").read_text("utf-8"))
    tokens = ["call", "my", "mother"]
    (folder / "predictions").mkdir(exist_ok=True)
    for code, share in (("en", 0.9), ("sw", 0.85), ("am", 0.4)):
        name = f"made:test:{code}"
        told["results"].append({"test": name, "language": code, "system": "model", "scores": []})
        told["data"].append({"role": "test", "name": name, "language": code})
        lines = []
        for number in range(120):
            right = drawn(f"{code}{number}" if code == "sw" else str(number), share)
            lines.append(
                {"id": str(number), "tokens": [*tokens, str(number)], "intent": "play"}
                | {"slots": ["O"] * 4, "pred_intent": "play" if right else "alarm"}
                | {"pred_slots": ["O"] * 4, "confidence": 0.5}
            )
        path = folder / "predictions" / f"made-test-{code}.jsonl"
        path.write_text("".join(json.dumps(one) + "\n" for one in lines), "utf-8")
    (folder / "scores.json").write_text(json.dumps(told), "utf-8")
    return folder


@pytest.fixture(scope="module")
def run(toy: Toy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return scored_run(toy, tmp_path_factory.mktemp("fair") / "scored")


@pytest.fixture(scope="module")
def asked(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Fairness:
    folder = tmp_path_factory.mktemp("fairness")
    corpus = folder / "corpus.txt"
    words = [
        "rose",
        "tulip",
        "daisy",
        "ant",
        "flea",
        "wasp",
        "love",
        "peace",
        "happiness",
        "hatred",
        "filth",
        "murder",
    ]
    corpus.write_text("\n".join(f"They saw the {w} number {n}." for n in range(4) for w in words))
    lists = folder / "targets.tsv"
    lists.write_text("word\tgroup\n" + "".join(
        f"{w}\t{'flowers' if n < 3 else 'insects'}\n" for n, w in enumerate(words[:6])
    ))  # fmt: skip
    attributes = folder / "attributes.tsv"
    attributes.write_text("word\tgroup\n" + "".join(
        f"{w}\t{'good' if n < 3 else 'bad'}\n" for n, w in enumerate(words[6:])
    ))  # fmt: skip
    said = folder / "said.txt"
    said.write_text("".join(f"{text}\n" for text in texts(12)))
    return Fairness(
        str(run), lists=(f"{lists}:{attributes}",), corpus=(str(corpus),), samples=40, texts=said,
        out=folder / "out",
    )  # fmt: skip


@pytest.fixture(scope="module")
def done(asked: Fairness) -> Measured:
    return fairness(asked)


def test_all_measures_of_a_run(done: Measured) -> None:
    assert done.lacking.keys() == {"generation"}  # the run is no decoder
    assert {one.measure for one in done.figures} == set(MEASURES) - {"generation"}
    gaps = {one.what: one for one in done.figures if one.measure == "gaps"}
    gap = gaps["am against en"]
    assert gap.score.high < -30
    assert gap.beyond_null
    assert "pieces a word" in gap.beside
    assert "pieces a word, en" in gap.beside
    assert gaps["worst language: am"].score.value == pytest.approx(40, abs=12)
    assert gaps[f"{RANGE}, by language"].p == pytest.approx(1 / 201)
    assert "Ethi against Latn" in gaps or "Latn against Ethi" in gaps
    ceat = next(one for one in done.figures if one.measure == "ceat")
    assert {"tau2", "paper's p", "plain average", "occurrences, flowers"} <= set(ceat.beside)
    page = (done.folder / "report.html").read_text("utf-8")
    for part in ("worst language: am", "accumulated prediction sensitivity", "checked by"):
        assert part in page
    assert done.to_frame().height == len(done.figures)
    assert len(list(done.lines())) == len(done.figures) + 1


def test_a_killed_run_goes_on_to_the_same_bytes(
    asked: Fairness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = replace(asked, measures=("weat", "flips"), out=tmp_path / "whole")
    fairness(small)
    out, whole = tmp_path / "again", MEASURES["flips"]

    def killed(_: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setitem(MEASURES, "flips", replace(whole, made=killed))
    with pytest.raises(KeyboardInterrupt):
        fairness(replace(small, out=out))
    with (out / "measures.jsonl").open("ab") as file:
        file.write(b'{"measure": "fl')  # a line that the kill tore
    monkeypatch.setitem(MEASURES, "flips", whole)
    fairness(replace(small, out=out))
    for name in ("measures.jsonl", "scores.json"):
        assert (out / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name


def test_groups_of_languages_and_of_items(asked: Fairness, tmp_path: Path) -> None:
    table = tmp_path / "groups.tsv"
    table.write_text("language\tgroup\nen\tlarge\nSwahili\tsmall\nam\tsmall\n", "utf-8")
    more = replace(asked, measures=("gaps",), groups=table, out=tmp_path / "one")
    assert "small against large" in {one.what for one in fairness(more).figures}
    table.write_text("id\tgroup\n" + "".join(f"{n}\t{n % 2}\n" for n in range(120)), "utf-8")
    more = replace(more, out=tmp_path / "two")
    assert any(one.what.startswith("worst group") for one in fairness(more).figures)
    table.write_text("word\tgroup\n", "utf-8")
    with pytest.raises(InputError, match="expected the columns id and group, or language"):
        fairness(replace(more, out=tmp_path / "three"))


def test_a_measure_of_ones_own(asked: Fairness, tmp_path: Path) -> None:
    from metrics.score import Score

    score = Score("size", 1.0, 1.0, 1.0, "", 1, "")
    register("own", lambda s: [Figure("own", "extrinsic", s.kind, score)], "extrinsic", "mine")
    try:
        [one] = fairness(replace(asked, measures=("own",), out=tmp_path / "own")).figures
    finally:
        del MEASURES["own"]
    assert one.what == "intents"
    with pytest.raises(InputError, match="did you mean weat"):
        measure("wat")


def table(path: Path, *lines: str) -> Path:
    path.write_text("word\tgroup\n" + "".join(f"{line}\n" for line in lines), "utf-8")
    return path


def test_wrong_input(
    run: Path, toy: Toy, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(*given: str, model: Path | str = run) -> str:
        assert main(["--model", str(model), "--out", str(tmp_path / "no"), *given]) == 2
        return capsys.readouterr().err.strip().splitlines()[-1]

    one = table(tmp_path / "one.tsv", "rose\tflowers", "ant\tinsects", "flea\tinsects")
    lists = ["--lists", f"{one}:en-pleasant-unpleasant"]
    assert "flowers has 1 word; expected 2 or more" in refused(*lists)
    shared = table(tmp_path / "two.tsv", "joy\ta", "sun\ta", "ant\tb", "flea\tb")
    said = refused("--lists", f"{shared}:en-pleasant-unpleasant")
    assert '"joy" is in a and in pleasant' in said
    assert "take it out of one of them" in said
    assert "expected TARGETS:ATTRIBUTES" in refused("--lists", "en-gender")
    assert "groups" in refused("--lists", "en-professions:en-gender")
    assert 'no group "crafts"' in refused("--lists", "en-professions@crafts+law:en-gender")
    assert "gives no labels" in refused("--measures", "flips", model=toy.encoder)
    assert "give its folder as --model" in refused("--measures", "gaps", model=toy.encoder)
    assert "found no config.json" in refused(model=tmp_path)
    assert "--corpus NAME" in refused("--measures", "ceat")
    nothing = tmp_path / "nothing.txt"
    nothing.write_text("Not one of the words.\n", "utf-8")
    said = refused("--measures", "ceat", "--corpus", str(nothing))
    assert "the text has 0; expected 2 or more: give more text to --corpus" in said
    assert "did you mean am?" in refused("--measures", "gaps", "--reference", "amm")
    assert "intent accuracy, slot F1, exact match" in refused("--measures", "gaps", "--metric", "x")
    assert "knows no gender" in said_of(refused("--lang", "tr", "--measures", "weat"))
    pronouns = ["--lists", "sw-gender@pronoun:sw-gender@kinship", "--lang", "sw"]
    assert "the pronouns of Swahili know no gender" in refused(*pronouns)
    assert not (tmp_path / "no" / "scores.json").exists()


def said_of(line: str) -> str:
    """With the verb as it is in the singular."""
    return line.replace("know no gender", "knows no gender")
