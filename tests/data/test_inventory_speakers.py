"""Numbers of speakers: whose a figure is, what is doubted and why, and rows above the sources.

pytest tests/data/test_inventory_speakers.py
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from data.access import Access
from data.errors import InputError
from data.inventory import (
    Inventory,
    counted,
    counts,
    find,
    load_inventory,
    page_of,
    row_of,
    sources_of,
)
from data.inventory.build import Ingredients, build_table
from data.inventory.overrides import Override, overrides
from data.inventory.speakers import populations
from tests.data.test_inventory import ingredients


def built(world: Ingredients) -> Mapping[str, Mapping[str, Any]]:
    table, _ = build_table(world)
    return {row["bcp47"] or row["glottocode"]: row for row in table.iter_rows(named=True)}


def with_figures(
    endangered: Mapping[str, str] | None = None, **speakers: int | None
) -> Mapping[str, Mapping[str, Any]]:
    """The toy world with other figures in LinguaMeta's rows."""
    world = ingredients()
    meta = tuple(
        replace(
            row,
            speakers=speakers.get(row.bcp47, row.speakers),
            endangerment=(endangered or {}).get(row.bcp47, row.endangerment),
        )
        for row in world.linguameta
    )
    return built(replace(world, linguameta=meta))


def test_members_that_are_not_all_there_give_way_to_the_whole() -> None:
    """Persian: 82 million of `fa`, 12 of the language that it mostly means, 10 of the other."""
    rows = with_figures(sw=82_000_000, swh=12_000_000, swc=10_000_000)
    swahili = rows["sw"]
    assert (swahili["speakers"], swahili["speakers_of"]) == (82_000_000, "sw")
    assert (swahili["speakers_own"], swahili["speakers_alone"]) == (12_000_000, 72_000_000)
    assert rows["swc"]["speakers_macrolanguage"] == 82_000_000
    assert rows["swc"]["speakers_of"] is None


def test_members_that_add_up_keep_their_figures() -> None:
    rows = with_figures(sw=100_000, swh=70_000, swc=20_000)
    assert (rows["sw"]["speakers"], rows["sw"]["speakers_of"]) == (70_000, None)
    assert rows["sw"]["speakers_macrolanguage"] == 100_000


def test_a_whole_smaller_than_its_parts_is_their_sum() -> None:
    """Kurdish: 11.5 million is Kurmanji's own, and Sorani has 11.1 beside it."""
    rows = with_figures(sw=11_500_000, swc=14_000_000)
    assert (rows["sw"]["speakers"], rows["sw"]["speakers_of"]) == (11_500_000, None)
    assert rows["swc"]["speakers_macrolanguage"] == 25_500_000


@pytest.mark.parametrize(
    ("figure", "endangered", "why"),
    [
        (82_000_000_0, "Vulnerable", "where"),  # more than Spain and France have
        (2_000, "Critically endangered", "critically endangered: one of the two is not so"),
        (1, "Extinct", "extinct: one of the two is not so"),
        (200_000, "Severely endangered", "severely endangered"),
    ],
)
def test_implausible_figures_are_marked(figure: int, endangered: str, why: str) -> None:
    basque = with_figures({"eu": endangered}, eu=figure)["eu"]
    assert why in basque["speakers_doubt"]
    assert (basque["speakers"], basque["speakers_alone"]) == (figure, None), "shown, not summed"


@pytest.mark.parametrize("figure", [0, 700_000, 1_000])
def test_plausible_figures_are_not(figure: int) -> None:
    basque = with_figures(eu=figure)["eu"]
    assert (basque["speakers_doubt"], basque["speakers_alone"]) == (None, figure)


def test_people_by_country_are_those_of_cldr() -> None:
    assert populations()["SR"] == 646_758
    assert 7_500_000_000 < sum(populations().values()) < 8_500_000_000


def test_a_row_above_the_sources() -> None:
    rows = (
        Override("eus", "speakers", "806000", "A survey", "https://example.org", "2021", "newer"),
        Override("nr", "scripts", "Latn Nkoo", "A book", "", "", "it has two"),
        Override("srn", "speakers", "", "A letter", "", "", "0 was no count"),
        Override("fr", "endonym", "français", "A book", "", "", "not in this small world"),
    )
    found = built(replace(ingredients(), overrides=rows))
    assert (found["eu"]["speakers"], found["eu"]["speakers_date"]) == (806_000, "2021")
    assert found["eu"]["sources"]["speakers"] == "override-eus-speakers"
    assert found["nr"]["scripts"] == ["Latn", "Nkoo"]
    assert found["srn"]["speakers"] is found["srn"]["sources"]["speakers"] is None


def test_what_is_overridden_is_not_doubted() -> None:
    row = Override("eu", "speakers", "900000000", "A survey", "", "", "to see")
    assert built(replace(ingredients(), overrides=(row,)))["eu"]["speakers_doubt"] is None


def test_the_rows_of_the_table_name_source_and_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    assert all(row.source and row.reason for row in overrides())
    bad = [["eu", "colour", "red", "x", "", "", "y"], ["eu", "speakers", "1", "", "", "", "y"]]
    for cells, message in zip(bad, ("expected one of", "a source and a reason"), strict=True):
        overrides.cache_clear()
        monkeypatch.setattr("data.inventory.overrides.read_table", lambda *_, cells=cells: [cells])
        with pytest.raises(InputError, match=message):
            overrides()
    overrides.cache_clear()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Inventory:
    """The real inventory."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KILOLINGUA_CACHE", str(tmp_path_factory.mktemp("cache")))
        return load_inventory(access=Access(offline=True))


def test_the_real_world(mirror: Path, world: Inventory) -> None:
    """What was wrong in the first edition of the app, one by one."""

    def row(text: str) -> Mapping[str, Any]:
        return row_of(world, find(world, text))

    persian = row("fa")
    assert (persian["speakers"], persian["speakers_of"], persian["speakers_own"]) == (
        82_000_000,
        "fa",
        12_000_000,
    )
    assert row("jvn")["speakers"] is None
    assert row("tcn")["speakers"] == 2_420
    assert row("wgy")["speakers_doubt"]
    assert {"Adlm", "Latn"} <= set(row("ff")["scripts"])
    assert {"Arab", "Latn"} <= set(row("wo")["scripts"])
    assert row("kab")["endonym"] == "Taqbaylit"
    assert row("sh")["countries"][0] == "RS"
    assert "HR" in row("sh")["countries"], "Croatian is one of its dialects"
    for language in ("la", "osc"):
        assert row(language)["genus"] is None, "below no group called Romance"
    assert row("apd")["genus"] == "Semitic"
    assert row("fr")["genus"] == "Romance"


def test_one_count_everywhere(mirror: Path, world: Inventory) -> None:
    languages = counted(world.table).height
    assert languages == 8_223
    for by in ("family", "genus"):
        assert counts(world.table, by)["languages"].sum() == languages
    assert f"{languages:,} languages" in world.summary()
    assert counted(world.table)["speakers_alone"].sum() < 10_000_000_000


def test_every_figure_has_its_own_page(mirror: Path, world: Inventory) -> None:
    row = row_of(world, "swah1253")
    assert [page_of(one, row) for one in sources_of(world, "swah1253", "genus")] == [
        "https://wals.info/languoid/lect/wals_code_swa"
    ]
    scripts = [page_of(one, row) for one in sources_of(world, "swah1253", "scripts")]
    assert scripts[0].endswith("/linguameta/data/swh.json")
    assert scripts[1].endswith("/linguameta/data/sw.json")
