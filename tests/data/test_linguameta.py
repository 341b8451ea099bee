"""LinguaMeta's table.

pytest tests/data/test_linguameta.py
"""

from __future__ import annotations

from pathlib import Path

import pytest

from data.errors import InputError
from data.inventory.references import read_linguameta

TOY = Path(__file__).parent / "inventory_toy" / "linguameta" / "linguameta.tsv"


def test_what_is_unknown_and_what_is_zero() -> None:
    rows = {row.bcp47: row for row in read_linguameta(TOY)}
    assert (rows["swh"].speakers, rows["swh"].endonym, rows["swh"].endangerment) == (
        None,
        None,
        "Not endangered",
    )
    assert rows["srn"].speakers == 0
    swahili = rows["sw"]
    assert (swahili.is_macrolanguage, swahili.members) == (True, ("swc", "swh"))
    assert swahili.scripts == ("Arab", "Latn")
    assert swahili.countries == ("KE",), "145 is a region and XA no country"
    assert swahili.glottocode is None


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("\t900\t", "\t٩٠٠\t", ":2: expected a number of speakers, found"),
        ("\t900\t", f"\t{'9' * 5000}\t", ":2: expected a number of speakers, found"),
        ("\t900\t", "\tabout 900\t", ':2: expected a number of speakers, found "about 900"'),
        ("Vulnerable", "vulnerable", ":8: expected one of Not endangered, Vulnerable, "),
        ("endonym\t", "", ":1: expected the header "),
        ("\tisiZulu", "", ":5: expected 17 columns"),
    ],
)
def test_tables_that_are_wrong(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = tmp_path / "linguameta.tsv"
    path.write_text(TOY.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        list(read_linguameta(path))
    assert str(caught.value).startswith(f"{path}{message}")


def test_the_real_table(mirror: Path) -> None:
    """The paper counts 7,511 languages."""
    rows = list(read_linguameta(mirror / "linguameta/linguameta.tsv"))
    assert len(rows) == 7511
    assert {row.bcp47 for row in rows if row.bcp47 in ("sw", "swh", "swc")} == {"sw", "swh", "swc"}
    assert sum(row.is_macrolanguage for row in rows) == 62
