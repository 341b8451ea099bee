"""Every page runs on a small inventory; names stay data; what is missing is said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from data.access import Access

MAIN = Path(__file__).parents[2] / "app" / "main.py"
Run = Callable[..., Any]
PAGES = ("explore", "language", "compare", "tree", "gaps", "results", "card", "try_it")

# One needle of each kind that a page could take for its own: HTML, a link, mathematics.
NEEDLES = ("<script>alert", "[x](http://y)", "$a$", ":red[b]")


def markdown(test: Any) -> Iterator[str]:
    """All that a page shows as Markdown."""
    for kind in ("markdown", "title", "subheader", "caption", "warning", "info", "error"):
        yield from (str(element.value) for element in test.get(kind))
    yield from (button.label for button in test.button)


def html(test: Any) -> str:
    """All HTML that a page writes."""
    return "\n".join(element.proto.body for element in test.get("html"))


@pytest.mark.parametrize("page", PAGES)
def test_every_page_runs(run_page: Run, page: str) -> None:
    test = run_page(page)
    assert not test.exception
    assert not test.error


def test_a_language_with_kin_shows_them(run_page: Run, inventory: Any) -> None:
    import polars as pl

    tree = pl.when(pl.col("genus") == "Bantu").then(pl.lit(["atla1278", "narr1281"]))
    table = inventory.table.with_columns(lineage=tree.otherwise("lineage"))
    test = run_page("language", replace(inventory, table=table), lang="sw")
    assert not test.exception
    assert '<a href="language?lang=zulu1248" target="_self">' in html(test)


def test_uriel_is_a_second_distance_where_its_table_is(
    run_page: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import numpy as np

    from data.files import write_whole
    from data.uriel import Uriel, pack, path_of

    monkeypatch.setenv("KILOLINGUA_CACHE", str(tmp_path))
    test = run_page("language", lang="sw")
    test.toggle(key="structure").set_value(True).run()
    assert not [box for box in test.selectbox if box.label == "Distance by"]
    values = np.ones((2, 200), np.int8)
    features = tuple(f"S_{number}" for number in range(200))
    table = Uriel(("swah1253", "zulu1248"), features, values, {"version": "1"})
    write_whole(path_of(Access()), pack(table))
    test = run_page("language", lang="sw")
    test.toggle(key="structure").set_value(True).run()
    assert not test.exception
    assert 'href="language?lang=zulu1248"' in html(test)
    assert "0 of 200" in html(test)


@pytest.mark.parametrize(
    ("page", "address"),
    [
        ("explore", {"focus": "ughh1234"}),
        ("explore", {"genus": "[x](http://y) <script>alert(1)</script>"}),
        ("language", {"lang": "ughh1234"}),
        ("language", {"lang": "[x](http://y) <script>alert(1)</script>"}),
        ("gaps", {}),
    ],
)
def test_names_are_data(run_page: Run, page: str, address: dict[str, str]) -> None:
    test = run_page(page, **address)
    assert not test.exception
    assert "<script>alert" not in html(test)
    for text in markdown(test):
        assert not any(needle in text for needle in NEEDLES), text


def test_the_address_sets_the_filters(run_page: Run) -> None:
    test = run_page("explore", genus="Bantu", lacks="lexicon")
    assert test.multiselect(key="filter-genus").value == ["Bantu"]
    assert "1 language shown of 10" in html(test)
    assert test.query_params == {"genus": "Bantu", "lacks": "lexicon"}


def test_the_filters_set_the_address(run_page: Run) -> None:
    test = run_page("explore")
    test.multiselect(key="filter-script").select("Arab").run()
    assert test.query_params == {"script": "Arab"}
    assert "1 language shown of 10" in html(test)
    test.button[0].click().run()
    assert "10 languages shown of 10" in html(test)


def test_a_wrong_value_in_an_address_shows_nothing_and_says_why(run_page: Run) -> None:
    test = run_page("explore", genus="Bantoo", box="here")
    said = " ".join(element.value for element in test.error)
    assert "no language has “Bantoo”" in said
    assert "expected west,south,east,north" in said
    assert "0 languages shown of 10" in html(test)
    assert test.query_params == {"genus": "Bantoo", "box": "here"}, "it can be sent on"
    [go_on] = [button for button in test.button if button.label == "Go on without it"]
    go_on.click().run()
    assert not test.error
    assert "10 languages shown of 10" in html(test)
    assert not test.query_params


@pytest.mark.parametrize(
    "address",
    [
        {"family": "Bantoo"},
        {"script": "Xxxx"},
        {"has": "lexica"},
        {"lacks": "lexica"},
        {"class": "nine"},
        {"status": "Doomed"},
        {"country": "ZZ"},
        {"box": "1,2"},
    ],
)
def test_no_wrong_value_shows_everything(run_page: Run, address: dict[str, str]) -> None:
    test = run_page("explore", **address)
    assert not test.exception
    assert "0 languages shown of 10" in html(test)
    assert [element.value for element in test.error] != []


def test_a_wrong_value_does_not_stay_with_the_next_visitor(run_page: Run) -> None:
    import streamlit as st

    run_page("explore", genus="Bantoo")
    after = html(run_page("explore"))
    st.cache_resource.clear()
    assert html(run_page("explore")) == after


def test_more_filters_are_drawn_when_they_are_asked_for_or_set(run_page: Run) -> None:
    keys = [one.key for one in run_page("explore").multiselect]
    assert "filter-macroarea" not in keys
    test = run_page("explore", area="Eurasia", lacks="lexicon")
    assert test.multiselect(key="filter-macroarea").value == ["Eurasia"]
    assert "shown of 10" in html(test)
    test.multiselect(key="filter-macroarea").set_value([]).run()
    assert test.query_params == {"lacks": "lexicon"}


def test_a_filter_that_is_changed_takes_what_was_wrong_away(run_page: Run) -> None:
    test = run_page("explore", genus="Bantoo")
    test.multiselect(key="filter-script").set_value(["Arab"]).run()
    assert not test.error
    assert "1 language shown of 10" in html(test)


def test_a_filter_that_does_not_exist_is_told(run_page: Run) -> None:
    test = run_page("explore", genre="Bantu", script="Arab")
    assert "genre\\: no such filter" in " ".join(element.value for element in test.warning)
    assert "1 language shown of 10" in html(test)


def test_no_language_left(run_page: Run) -> None:
    test = run_page("explore", q="no such name")
    assert test.info[0].value.startswith("No language meets all of these conditions.")


def test_right_to_left_runs_from_the_right(run_page: Run) -> None:
    assert '<bdi lang="ur" dir="rtl">اردو</bdi>' in html(run_page("language", lang="ur"))
    assert '<bdi lang="nqo" dir="rtl">ߒߞߏ</bdi>' in html(run_page("language", lang="nqo"))
    assert '<bdi lang="am" dir="ltr">አማርኛ</bdi>' in html(run_page("language", lang="am"))


def test_unknown_is_not_zero(run_page: Run) -> None:
    page = html(run_page("language", lang="nqo"))
    assert ">Speakers</th><td>not known</td>" in page
    assert ">Speakers</th><td>about 170 million</td>" in html(run_page("language", lang="sw"))


def test_an_unknown_language_has_near_ones(run_page: Run) -> None:
    test = run_page("language", lang="amhar")
    assert "unknown language 'amhar'" in test.error[0].value
    assert any("Amharic" in button.label for button in test.button)


def test_what_is_missing_is_said_with_the_command(run_page: Run, inventory: Any) -> None:
    note = "no genera: wals/languages.csv is damaged; python -m data.catalog fetch wals"
    test = run_page("explore", replace(inventory, notes=(note,)))
    assert not test.exception
    assert note in [element.value for element in test.code]
    assert test.expander[0].proto.expanded


def test_the_built_in_table_says_that_it_is_one(run_page: Run) -> None:
    from data.inventory import load_inventory

    inventory = load_inventory(access=Access(offline=True))
    assert inventory.builtin
    for page in ("explore", "language", "gaps"):
        test = run_page(page, inventory)
        assert not test.exception
        assert "languages of MASSIVE's 52 locales" in test.warning[0].value


def test_without_polars_the_page_says_what_to_install(
    run_page: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    import streamlit as st

    from data.errors import UnavailableError

    test = run_page("explore")
    message = 'the inventory needs polars, which is not installed; pip install -e ".[app]"'

    def refuse(**_: Any) -> Any:
        raise UnavailableError(message)

    st.cache_resource.clear()
    monkeypatch.setattr("app.page.load_inventory", refuse)
    test.run()
    assert test.code[0].value == message


def test_gaps_lists_who_has_and_who_lacks(run_page: Run) -> None:
    test = run_page("gaps")
    test.selectbox(key="gaps-group").select("Atlantic-Congo")
    test.selectbox(key="gaps-kind").select("lexicon").run()
    having, lacking = (frame.value["name"].tolist() for frame in test.dataframe[:2])
    assert (having, lacking) == (["Swahili"], ["Zulu"])


def test_the_language_of_an_address_opens_its_page(run_page: Run) -> None:
    from streamlit.testing.v1 import AppTest

    run_page("gaps")  # sets the small inventory
    test = AppTest.from_file(str(MAIN), default_timeout=60)
    test.query_params["lang"] = "sw"
    test.run()
    assert not test.exception
    assert "Kiswahili" in html(test)


def test_who_is_alike_in_a_model_is_read_from_a_run(
    run_page: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "Most alike" not in str([one.value for one in run_page("language", lang="sw").subheader])
    run = tmp_path / "runs" / "probe-fit-toy"
    run.mkdir(parents=True)
    lines = ["source\ttarget\tcosine of means\tgenealogy"]
    lines += ["swh_Latn\tzul_Latn\t0.25\t0.5", "eng_Latn\tswh_Latn\t0.75\t0", "eng\tdeu\t0.9\t0.6"]
    (run / "similarity.tsv").write_text("\n".join(lines) + "\n", "utf-8")
    page = html(run_page("language", lang="sw"))
    assert page.index("lang=en") < page.index("lang=zu")
    assert ">0.75<" in page
    # Of what Zulu lacks, Swahili has a lexicon; of what Swahili lacks, Zulu has nothing.
    zulu = html(run_page("language", lang="zu"))
    assert '<td data-label="has what it lacks">lexicon</td>' in zulu
    assert '<td data-label="has what it lacks">–</td>' in page
    (run / "similarity.tsv").write_text("source\ttarget\nx\ty\n", "utf-8")
    test = run_page("language", lang="sw")
    assert any("expected source, target and a measure" in one.value for one in test.warning)
