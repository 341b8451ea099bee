"""What a run's card and its coverage say, of counts small enough to add up by hand."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from data.errors import InputError, UnavailableError
from data.languages import resolve
from lexaug.matching import threshold
from lexaug.synthesis.blocks import Position
from lexaug.synthesis.journal import (
    JOURNAL,
    GrowingFile,
    Journal,
    Tally,
    read_journal,
    told_of_full_disk,
)
from lexaug.synthesis.reports import MADE, TASKS, _bars, card, figures, page, percent, size_category
from lexaug.synthesize import Synthesis

NUMBERS = Counter(
    lines=10, kept=4, tokens=90, words=80, matched=60, sampled_words=70, kept_words=50,
    replaced_words=20, replaced_phrases=16, straddling=2, pruned=0,
)  # fmt: skip
RULES = Counter(
    {"exact": 6, "inflected": 4, "inflected-by-model": 3, "lemma": 2, "lemma-unsure": 1}
)


def tally() -> Tally:
    return Tally(
        NUMBERS,
        RULES,
        dropped=Counter({"b": 3, "a": 3, "c": 0, "d": 5}),
        repaired=Counter(NFC=1),
        hits=Counter(cow=5, dog=1, ant=5),
        missing=Counter(goat=2, zebu=2, ewe=9, ram=1, elk=1),
    )


def test_figures_of_a_run() -> None:
    found = figures(tally(), ["example"])
    expected = {
        "records": 10,
        "kept": 4,
        "kept_share": 40.0,
        "tokens": 90,
        "words": 80,
        "matched_words": 60,
        "token_coverage": 75.0,
        "phrases_met": 3,
        "types_lacking": 5,
        "type_coverage": 37.5,
        "sampled_words": 70,
        "kept_words": 50,
        "replaced_words": 20,
        "replaced_share": 40.0,
        "replaced_phrases": 16,
        "inflected_share": 43.75,
        "lemma_stands_share": 18.75,
        "straddling_phrases": 2,
        "dropped": {"d": 5, "a": 3, "b": 3},
        "repaired": {"NFC": 1},
        "most_wanted": [["ewe", 9], ["goat", 2], ["zebu", 2], ["elk", 1], ["ram", 1]],
        "most_used": [["ant", 5], ["cow", 5], ["dog", 1]],
        "examples": ["example"],
    }
    assert {name: found[name] for name in expected} == expected
    assert list(found["dropped"]) == ["d", "a", "b"]
    assert found["by_rule"]["exact"] == 6


def test_two_hundred_words_are_wanted_at_most() -> None:
    many = Tally(NUMBERS, RULES, missing=Counter({f"w{n:03}": 1 for n in range(300)}))
    wanted = figures(many, [])["most_wanted"]
    assert (len(wanted), wanted[0], wanted[-1]) == (200, ["w000", 1], ["w199", 1])


def test_bars_say_what_they_are_shares_of() -> None:
    assert _bars(figures(tally(), [])) == [
        ("token coverage", 75.0, "60 of 80 words"),
        ("type coverage", 37.5, "3 phrases met, 5 words lacking"),
        ("kept", 40.0, "4 of 10 records"),
        ("replaced, of what was kept", 40.0, "20 of 50 words"),
        (
            "inflected, of what was replaced",
            43.75,
            "7 of 16 phrases (inflected: 4; inflected-by-model: 3)",
        ),
        (
            "lemma stands, of what was replaced",
            18.75,
            "3 of 16 phrases (lemma: 2; lemma-unsure: 1)",
        ),
    ]
    one = Tally(NUMBERS, Counter(inflected=4))
    assert _bars(figures(one, []))[4][2] == "4 of 16 phrases"


def test_shares_of_nothing() -> None:
    assert [percent(2, 3), percent(0, 5), percent(5, 0)] == [66.67, 0.0, None]


SETTINGS: dict[str, Any] = {
    "language": "wo", "language_name": "Wolof", "mode": "mono", "format": "text",
    "compress": None, "provenance": False, "policy": "first", "ratio": 0.5, "seed": 7,
    "keep_rule": "three words", "limit": None, "scheme": None, "notes": ["A note.", ""],
    "text": {"name": "news", "licence": "CC0-1.0"},
    "lexicon": {"name": "gatitos", "licence": "CC-BY-4.0", "entries": 3000, "sha256": "abc"},
    "inflection": {
        "description": "by table",
        "tables": [
            {"use": "forms", "name": "unimorph/wol", "licence": "CC-BY-SA-3.0"},
            {"use": "analysis", "name": "unimorph/eng", "licence": "CC-BY-SA-3.0"},
        ],
    },
    "licence": {"strictest": "CC-BY-SA-3.0", "conditions": ["attribution", "share alike"],
                "note": "Beware.", "hub": "cc-by-sa-3.0"},
}  # fmt: skip


def front_of(text: str) -> dict[str, Any]:
    yaml = pytest.importorskip("yaml")
    found: dict[str, Any] = yaml.safe_load(text.split("---\n")[1])
    return found


@pytest.mark.parametrize("mode", sorted(MADE))
def test_the_front_matter_of_a_card(mode: str) -> None:
    text = card({**SETTINGS, "mode": mode}, figures(tally(), []), "text.txt")
    with_english = mode in ("switch", "parallel")
    front = front_of(text)
    [config] = front.pop("configs")
    assert front == {
        "license": "cc-by-sa-3.0",
        "language": ["en", "wo"] if with_english else ["wo"],
        "pretty_name": f"Synthetic Wolof ({mode})",
        "task_categories": [TASKS[mode]],
        "size_categories": ["n<1K"],
        "tags": ["synthetic", "bilingual-lexicon", "low-resource"],
        "source_datasets": ["news", "gatitos"],
    }
    assert (config["config_name"], config["data_files"], config["default"]) == (
        "default",
        "text.txt",
        True,
    )


def test_the_text_of_a_card() -> None:
    text = card(SETTINGS, figures(tally(), []), "text.txt")
    for row in (
        "# Synthetic Wolof (mono)",
        "> A note.",
        "> Beware.",
        "| source | name | licence |",
        "| --- | --- | --- |",
        "| text | news | CC0-1.0 |",
        "| lexicon | gatitos | CC-BY-4.0 |",
        "| inflection | unimorph/wol | CC-BY-SA-3.0 |",
        "| ratio | 0.5 |",
        "| keep rule | three words |",
        "| limit | none |",
        "| inflection | by table |",
        "| lexicon entries | 3,000 |",
        "| records | 10 |",
        "| dropped: d | 5 |",
        "| token coverage | 75.0 % |",
        "| inflected share | 43.8 % |",
    ):
        assert f"\n{row}\n" in text
    assert "(conditions of all sources together: attribution, share alike)" in text
    assert "unimorph/eng" not in text, "analysis puts no word into the text"
    assert "Wolof text, one line a record" in text
    nothing = figures(Tally(Counter(), Counter()), [])
    assert "| token coverage | none |" in card(SETTINGS, nothing, "text.txt")
    free = {**SETTINGS, "licence": {**SETTINGS["licence"], "conditions": [], "note": ""}}
    assert "(conditions of all sources together: none)" in card(free, nothing, "text.txt")


@pytest.mark.parametrize(
    ("records", "name"),
    [
        (0, "n<1K"), (999, "n<1K"), (1_000, "1K<n<10K"), (99_999, "10K<n<100K"),
        (100_000, "100K<n<1M"), (1_000_000, "1M<n<10M"), (10**7, "10M<n<100M"),
        (10**8, "100M<n<1B"), (10**9, "n>1B"),
    ],
)  # fmt: skip
def test_sizes_as_the_hub_names_them(records: int, name: str) -> None:
    assert size_category(records) == name


@pytest.mark.parametrize(("tag", "direction"), [("ar", "rtl"), ("wo", "ltr")])
def test_the_page_has_a_direction(tag: str, direction: str) -> None:
    settings = {**SETTINGS, "command": "x", "mode": "tags", "versions": {"numpy": "2"}}
    example: dict[str, Any] = {"number": 3, "source": [], "target": []}
    assert f'lang="{tag}" dir="{direction}"' in page(
        figures(tally(), [example]), settings, resolve(tag)
    )


@pytest.mark.parametrize(("ratio", "bound"), [(0, 0), (0.25, 1 << 62), (1, 1 << 64)])
def test_a_ratio_is_a_bound_of_64_bits(ratio: float, bound: int) -> None:
    assert threshold(ratio) == bound


@pytest.mark.parametrize("ratio", [-0.01, 1.01, float("nan")])
def test_ratios_that_are_none(ratio: float) -> None:
    with pytest.raises(InputError, match="expected a ratio from 0 to 1, found"):
        threshold(ratio)


SHOWN_LINE = {"number": 1, "source": [["dog", "exact"]], "target": [["mbwa", "exact"]]}


def test_a_journal_adds_up_and_cuts_back(tmp_path: Path) -> None:
    zero = Position(*[0] * len(Position._fields))
    one, two = (zero._replace(block=n) for n in (1, 2))
    journal, out = Journal(tmp_path, zero), GrowingFile(tmp_path / "text.txt")
    journal.open({"text": out})
    for end, text, last in ((one, b"first\n", False), (two, b"second\n", True)):
        out.append(text)
        tally = Tally(Counter(lines=3), Counter())
        journal.commit({"text": out}, end, tally, [SHOWN_LINE], complete=last)
    out.append(b"never committed\n")
    out.close()
    journal.close()
    with open(tmp_path / JOURNAL, "ab") as file:
        file.write(b'{"torn')
    again, out = Journal(tmp_path, zero), GrowingFile(tmp_path / "text.txt")
    again.open({"text": out})
    assert (tmp_path / "text.txt").read_bytes() == b"first\nsecond\n"
    assert (again.position, again.commits, again.complete) == (two, 2, True)
    assert again.tally.numbers["lines"] == 6
    assert again.examples == [SHOWN_LINE, SHOWN_LINE]
    assert not (tmp_path / JOURNAL).read_bytes().endswith(b"torn")
    out.append(b"third\n")
    assert out.commit(3) == 6, "only what was added since"
    ends = [end for end, _ in read_journal(tmp_path / JOURNAL)]
    assert ends[-1] == (tmp_path / JOURNAL).stat().st_size
    again.close()
    out.close()


def test_a_file_that_lost_bytes_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_bytes(b"12345")
    out = GrowingFile(tmp_path / "text.txt")
    out.restore(5)
    with pytest.raises(InputError, match="expected at least 6 bytes, found 5; the file was"):
        out.restore(6)
    out.close()


def test_what_the_disk_refuses_is_one_line(tmp_path: Path) -> None:
    with (
        pytest.raises(UnavailableError, match="could not be written: no"),
        told_of_full_disk(tmp_path),
    ):
        raise OSError("no")
    with pytest.raises(ValueError, match="other"), told_of_full_disk(tmp_path):
        raise ValueError("other")


def test_lines_of_a_journal_that_no_run_wrote(tmp_path: Path) -> None:
    example = {"number": 3, "source": [["a ", ""]], "target": [["a ", "", ""]]}
    good: dict[str, Any] = {
        "added": [1] * len(Position._fields),
        "outputs": {"text.txt": 5},
        "counts": Tally().as_json(),
        "examples": [example],
        "complete": False,
    }
    path = tmp_path / JOURNAL

    def read(**changes: Any) -> list[tuple[int, dict[str, Any]]]:
        record = {**good, **changes}
        path.write_text(json.dumps(record) + "\n" + json.dumps(good), "utf-8")  # torn at the end
        return list(read_journal(path))

    [(end, record)] = read()
    assert (end, record) == (path.read_bytes().index(b"\n") + 1, good)
    other, below, odd = ("other values", "a size below 0", "an example of other segments")
    for changes, reason in [
        ({"added": [1]}, other),
        ({"more": 1}, other),
        ({"added": [-1, *good["added"][1:]]}, below),
        ({"outputs": {"text.txt": -5}}, below),
        ({"examples": [{**example, "source": [["a"]]}]}, odd),
        ({"examples": [{**example, "target": [["a", "", "", ""]]}]}, odd),
    ]:
        with pytest.raises(InputError, match=rf":1: expected a commit, found {reason}"):
            read(**changes)


def test_a_run_as_a_table() -> None:
    counts = {"kept": 1200, "records": 2000, "replaced_words": 3000, "kept_words": 12000}
    done = Synthesis(Path("runs/x"), {**counts, "by_rule": {"uniform": 3}, "share": 25.0})
    told = "1,200 of 2,000 lines kept, 3,000 of their 12,000 words replaced; "
    assert done.summary() == told + "runs/x"
    assert Synthesis(None, counts).summary() == told + "standard output"
    assert done.rows()[0] == {"figure": "kept", "value": 1200.0}
    assert [row["figure"] for row in done.rows()] == [*counts, "share"]
