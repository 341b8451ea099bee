"""WALS's table of languages.

pytest tests/data/test_wals.py
"""

from __future__ import annotations

from pathlib import Path

import pytest

from data.errors import InputError
from data.inventory.genus import WalsLanguage, read_wals

TOY = Path(__file__).parent / "inventory_toy" / "wals" / "cldf" / "languages.csv"


def test_languages_and_not_the_rows_of_genealogy() -> None:
    found = list(read_wals(TOY))
    assert [entry.wals_code for entry in found] == ["swa", "eng", "jcr", "bsq", "ksl"]
    assert found[1] == WalsLanguage("eng", "English", None, ("eng",), "Indo-European", "Germanic")


def test_a_table_without_genera(tmp_path: Path) -> None:
    path = tmp_path / "languages.csv"
    lines = TOY.read_text().splitlines()
    path.write_text("\n".join([lines[0], lines[-1], ""]))
    with pytest.raises(InputError, match="expected languages with a genus, found none"):
        list(read_wals(path))


def test_the_real_table(mirror: Path) -> None:
    """WALS says of itself that it has 2,662 languages."""
    found = list(read_wals(mirror / "wals/cldf/languages.csv"))
    assert len(found) == 2662
    by_code = {entry.wals_code: entry for entry in found}
    assert by_code["swa"].genus == "Bantu"
    assert by_code["aze"].iso_codes == ("azb", "azj")
    assert by_code["aze"].glottocode is None
