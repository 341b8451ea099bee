"""Which files a shared task asks for, in folders made here; words looked up in a table."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.errors import InputError
from data.unimorph import Triple
from morph.evaluate import evaluate
from morph.evaluate.report import _tops, worst
from morph.inflect.lookup import Lookup, bundle_key, names_of, part_of_speech_of
from morph.submit.tasks import TASKS, task_named, units_2022, units_generic


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Old English in two sizes, and Georgian without the forms of its test."""
    names = ["ang_small.train", "ang_large.train", "ang.test", "ang.dev", "ang.gold"]
    for name in [*names, "kat_large.train", "kat.test", "kat.dev"]:
        (tmp_path / name).touch()
    return tmp_path


def test_a_unit_a_training_file_and_split(folder: Path) -> None:
    found = {(unit.name, unit.split): unit for unit in units_2022([folder])}
    assert list(found) == [
        (name, split)
        for name in ("ang_large", "ang_small", "kat_large")
        for split in ("test", "dev")
    ]
    test, dev = found["ang_small", "test"], found["ang_small", "dev"]
    assert (test.file, dev.file) == ("ang_small.test", "ang_small.dev")
    assert (test.covered, dev.covered) == (folder / "ang.test", folder / "ang.dev")
    assert test.covered_columns == ("lemma", "features")
    assert dev.covered_columns == ("lemma", "form", "features")
    assert test.gold is not None
    assert dev.gold is not None
    assert (test.gold(), dev.gold()) == (folder / "ang.gold", folder / "ang.dev")
    assert found["kat_large", "test"].gold is None
    assert test.train is not None
    assert test.train() == folder / "ang_small.train"


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (["ang"], ["ang_large", "ang_small"]),
        (["ang_small"], ["ang_small"]),
        (["kat", "ang_small"], ["ang_small", "kat_large"]),
    ],
)
def test_units_by_language_or_name(folder: Path, wanted: list[str], names: list[str]) -> None:
    assert [unit.name for unit in units_2022([folder], wanted, ["dev"])] == names


def test_folders_that_are_none(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match='found no "xyz" in the folders; there are: ang_large, '):
        units_2022([folder], ["ang", "xyz"])
    (folder / "kat.test").unlink()
    with pytest.raises(InputError, match=r"kat\.test: no such file, and .*kat_large\.train needs"):
        units_2022([folder])
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(InputError, match=r"expected files such as ang_small\.train, found none"):
        units_2022([empty])


def test_layouts_of_the_tasks() -> None:
    assert {name: (t.columns, dict(t.suffixes), t.normalise) for name, t in TASKS.items()} == {
        "sigmorphon2023": (("lemma", "features", "form"), {"test": ".tst", "dev": ".dev"}, False),
        "sigmorphon2022": (("lemma", "form", "features"), {"test": ".test", "dev": ".dev"}, True),
        "generic": (("lemma", "features", "form"), {}, False),
    }
    assert task_named("generic").name == "generic"


def test_any_covered_files() -> None:
    first, second = Path("x/swa.covered"), Path("x/zul.dev.covered")
    one, two = units_generic([first, second], [Path("a"), Path("b")])
    assert (one.name, one.split, one.file) == ("swa", "test", "swa")
    assert (two.name, two.split, two.file) == ("zul", "dev", "zul.dev")
    assert [unit.train and unit.train() for unit in (one, two)] == [Path("a"), Path("b")]
    shared = units_generic([first, second], [Path("a")])
    assert [unit.train and unit.train() for unit in shared] == [Path("a"), Path("a")]
    assert [unit.train for unit in units_generic([first])] == [None]
    assert {unit.covered_columns for unit in shared} == {("lemma", "features")}
    for bad in (([],), ([first, second, Path("y")], [Path("a"), Path("b")])):
        with pytest.raises(InputError):
            units_generic(*bad)
    with pytest.raises(InputError, match="two files would be answered as swa; rename one"):
        units_generic([first, Path("y/swa.covered")])


ROWS = [
    Triple("soma", "V;PST;3;SG", "alisoma"),
    Triple("soma", "V;NFIN", "kusoma"),
    Triple("soma", "V;3;SG;PST", "alisoma"),
    Triple("mtu", "N;PL", "watu"),
    Triple("Mtu", "N;SG", "Mtu"),
    Triple("pika", "V;FUT", None),
]


def test_words_are_looked_up_as_written_then_folded_then_as_infinitives() -> None:
    table = Lookup.of(ROWS, "sw")
    assert len(table) == 3, "a lemma without forms is none"
    assert table.forms("soma", "V;SG;3;PST") == ("alisoma",)
    assert table.forms("SOMA", "V;NFIN") == ("kusoma",)
    assert table.forms("kusoma", "V;NFIN") == ("kusoma",)
    assert [row.form for row in table.paradigm("mtu")] == ["watu"]
    assert [row.form for row in table.paradigm("MTU")] == ["watu", "Mtu"]
    assert table.paradigm("pika") == ()
    assert [(one.lemma, one.features) for one in table.analyses("ALISOMA")] == [
        ("soma", "V;PST;3;SG"),
        ("soma", "V;3;SG;PST"),
    ]
    assert table.analyses("mbuzi") == ()


def test_bundles_in_table_order_each_spelt_one_way() -> None:
    table = Lookup.of(ROWS, "sw")
    assert table.bundles() == ("V;PST;3;SG", "V;NFIN", "N;PL", "N;SG")
    assert table.bundles("V") == ("V;PST;3;SG", "V;NFIN")
    assert table.spelling("SG;3;PST;V") == "V;PST;3;SG"
    assert table.spelling("V;FUT") == "V;FUT"
    assert table.parts_of_speech == ("V", "N")
    assert table.features == {"V", "PST", "3", "SG", "NFIN", "N", "PL"}
    assert table.scripts == {"Latn"}


def test_broken_bundles_are_themselves() -> None:
    assert bundle_key("V;(") == "V;("
    assert part_of_speech_of("V;(") is None
    assert names_of("V;(") == ()
    assert bundle_key("V;PRES;NOM(SG;1)") == bundle_key("NOM(1,SG);V;PRS")
    assert bundle_key("V;NOM(1)") != bundle_key("V;NOM;1")


def test_the_worst_forms_and_the_ends_of_the_bars() -> None:
    gold = [Triple(f"w{n}", "V", "abcdef") for n in range(4)]
    found = evaluate(gold, ["abcdef", "abcde", "xxxxxx", "abc"])
    assert [item.predicted for item in worst(found)] == ["xxxxxx", "abc", "abcde"]
    other = evaluate(gold, ["", "", "", ""])
    tops = _tops([found, other])
    assert tops["exact match"] == 100
    assert tops["edit distance"] == max(s.score("edit distance").high for s in (found, other))
    flat = evaluate(gold[:1], ["abcdef"])
    assert _tops([flat])["edit distance"] == 1e-9, "no bar is divided by 0"
    many = evaluate([Triple(f"w{n}", "V", "ab") for n in range(300)], ["a"] * 300)
    assert len(worst(many)) == 200
