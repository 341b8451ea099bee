"""URIEL+'s table: united, kept, read again, and distances worked out by hand and by its package."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from data.access import Access
from data.errors import InputError
from data.files import write_whole
from data.uriel import ABSENT, Uriel, distances, load_uriel, pack, parse, path_of
from data.uriel.__main__ import main, united

FEATURES = ("S_SVO", "S_SOV", "P_VOICE", "INV_VOWEL_10_MORE", "M_CASE")
SIGNS = {"1": 1, "0": 0, "-": -1}


def _table(**languages: str) -> Uriel:
    """Languages whose features are 1, 0 or - (not known), in the order of FEATURES."""
    values = [[SIGNS[sign] for sign in signs] for signs in languages.values()]
    return Uriel(tuple(languages), FEATURES, np.array(values, dtype=np.int8), {"version": "1"})


def test_the_distance_is_the_angle_over_what_both_have() -> None:
    # cos 1/sqrt(2): 45 degrees of 90; cos 0: 90 of 90; alike: none.
    table = _table(own="1010-", half="1000-", none="0101-", same="101-1", other="----1")
    found = table.alike("own", least=3)
    assert found["glottocode"].to_list() == ["same", "half", "none"]
    assert found["distance"].to_list() == pytest.approx([0.0, 0.5, 1.0])
    assert found["differing"].to_list() == [0, 1, 4]
    assert found["shared"].to_list() == [3, 4, 4]
    assert table.alike("own", least=4)["glottocode"].to_list() == ["half", "none"]
    assert table.alike("unheard", least=1).is_empty()


def test_a_side_without_any_feature_counts_as_one_with_all_a_little() -> None:
    # The package puts 1e-10 everywhere: cos = 1/sqrt(4) with one of four, 1 with none of four.
    found = distances(
        np.array([0, 0, 0, 0], np.int8), np.array([[1, 0, 0, 0], [0, 0, 0, 0]], np.int8)
    )
    assert found["distance"].tolist() == pytest.approx([2 * math.acos(0.5) / math.pi, 0.0])


def test_a_domain_counts_its_features_alone() -> None:
    table = _table(own="10110", like="10001", unlike="01110")
    assert table.alike("own", least=1, domain="syntax")["glottocode"].to_list() == [
        "like",
        "unlike",
    ]
    found = table.alike("own", least=1, domain="phonology")
    differing = dict(zip(found["glottocode"], found["differing"], strict=True))
    assert differing == {"like": 1, "unlike": 0}
    with pytest.raises(InputError, match=r'expected one of all, syntax.*found "tone"'):
        table.alike("own", domain="tone")
    with pytest.raises(InputError, match="at least one feature to compare by, found 0"):
        table.alike("own", least=0)


def test_a_feature_is_there_if_any_source_says_so() -> None:
    # (languages, features, sources)
    values = np.array([[[1, -1], [0, -1]], [[0, 1], [-1, -1]], [[-1, -1], [-1, -1]]], float)
    table = united(["a", "b", "empty"], ["S_X", "P_Y"], values, {"version": "1"})
    assert table.codes == ("a", "b")
    assert table.values.tolist() == [[1, 0], [1, -1]]
    with pytest.raises(InputError, match="expected features of -1, 0 and 1"):
        united(["a"], ["S_X"], np.array([[[0.5]]]), {})


def test_a_table_comes_back_as_it_was(tmp_path: Path) -> None:
    table, access = _table(swah1253="1010-", zulu1248="101-1"), Access(cache=tmp_path)
    assert load_uriel(access=access) is None
    write_whole(path_of(access), pack(table))
    found = load_uriel(access=access)
    assert found is not None
    assert (found.codes, found.features) == (table.codes, FEATURES)
    assert found.values.tolist() == table.values.tolist()
    assert pack(found) == pack(table), "the same table gives the same bytes"
    assert (found.known("swah1253"), found.known("unheard")) == (4, 0)


@pytest.mark.parametrize("content", [b"", b"PK", b"no table", b"\x93NUMPY"])
def test_a_damaged_table_is_named_with_what_makes_it_again(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"data\.uriel --join makes, found"):
        parse(content, tmp_path)


def test_another_value_is_seen_by_the_checksum(tmp_path: Path) -> None:
    good = _table(swah1253="1010-")
    stored = dict(np.load(_written(tmp_path, pack(good)), allow_pickle=False))
    stored["values"] = np.array([[0, 0, 1, 0, -1]], np.int8)
    np.savez(tmp_path / "bad.npz", **stored)
    with pytest.raises(InputError, match="its checksum is not that of its content"):
        parse((tmp_path / "bad.npz").read_bytes(), tmp_path)


def _written(folder: Path, content: bytes) -> Path:
    (folder / "good.npz").write_bytes(content)
    return folder / "good.npz"


def test_without_the_table_the_command_says_what_makes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KILOLINGUA_CACHE", str(tmp_path))
    assert main(["--lang", "sw", "--offline"]) == 1
    assert ABSENT in capsys.readouterr().err


def test_without_the_package_the_command_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "urielplus", None)
    monkeypatch.setenv("KILOLINGUA_CACHE", str(tmp_path))
    assert main(["--join", "--offline"]) == 1
    assert 'pip install "kilolingua[uriel]"' in capsys.readouterr().err


@pytest.mark.real
@pytest.mark.parametrize(
    ("one", "other", "domain", "expected"),
    [
        ("swah1253", "nucl1301", "all", 0.5865),
        ("swah1253", "zulu1248", "all", 0.3743),
        ("swah1253", "stan1290", "inventory", 0.4955),
        ("swah1253", "mand1415", "morphology", 0.8976),
        ("nucl1301", "yoru1245", "phonology", 0.5),
        ("nucl1301", "mand1415", "syntax", 0.5915),
        ("cusc1236", "zulu1248", "syntax", 0.6159),
        ("yoru1245", "mand1415", "phonology", 0.4717),
    ],
)
def test_the_real_table_has_the_packages_distances(
    one: str, other: str, domain: str, expected: float
) -> None:
    """What `new_distance` of urielplus 1.3.2 gave for these pairs."""
    table = load_uriel()
    if table is None:
        pytest.skip(ABSENT)
    found = table.alike(one, least=1, domain=domain)
    distance = dict(zip(found["glottocode"], found["distance"], strict=True))
    assert distance[other] == pytest.approx(expected, abs=1e-4)
