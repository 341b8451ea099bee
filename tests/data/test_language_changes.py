"""Codes that were retired, merged, split or added: the whole registry, and all that ISO changed.

pytest tests/data/test_language_changes.py
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import langcodes
import pytest
from langcodes.registry_parser import parse_registry

from data.errors import InputError
from data.language_names import changes
from data.languages import resolve

REGISTRY: list[dict[str, Any]] = list(parse_registry())
LANGUAGES = [entry for entry in REGISTRY if entry["Type"] == "language"]
RETIRED = [entry for entry in LANGUAGES if "Deprecated" in entry]


def test_every_replaced_code_of_the_registry_is_the_language_that_replaced_it() -> None:
    replaced = [entry for entry in RETIRED if "Preferred-Value" in entry]
    assert len(replaced) > 90
    for entry in replaced:
        assert resolve(entry["Subtag"]) == resolve(entry["Preferred-Value"]), entry["Subtag"]


def test_two_letters_and_three_are_one_record() -> None:
    for entry in LANGUAGES:
        if len(entry["Subtag"]) == 2:
            tag = langcodes.Language.get(entry["Subtag"], normalize=False)
            for variant in ("T", "B"):
                assert resolve(tag.to_alpha3(variant=variant)) == resolve(entry["Subtag"])


def test_every_record_is_found_again_by_its_own_codes() -> None:
    for entry in LANGUAGES:
        if entry.get("Scope") in ("special", "private-use", "collection"):
            continue
        language = resolve(entry["Subtag"])
        assert resolve(language.bcp47) == language, entry["Subtag"]
        assert resolve(language.iso639_3).same_language(language), entry["Subtag"]


def test_tags_that_were_registered_as_a_whole() -> None:
    for entry in REGISTRY:
        if entry["Type"] in ("grandfathered", "redundant") and "Preferred-Value" in entry:
            preferred = entry["Preferred-Value"]
            if entry["Tag"] == "en-GB-oed":  # a spelling, which no record of ours tells apart
                continue
            assert resolve(entry["Tag"]) == resolve(preferred), entry["Tag"]


@pytest.mark.parametrize(
    ("text", "tag", "script", "region"),
    [
        ("mol", "ro", "Latn", None),
        ("mo-Cyrl-MD", "ro", "Cyrl", "MD"),
        ("mol_Cyrl", "ro", "Cyrl", None),
        ("zh-min-nan-Hant-TW", "nan", "Hant", "TW"),
        ("ZH-MIN-NAN", "nan", "Hans", None),
        ("i-klingon", "tlh", None, None),
        ("sgn-BE-FR", "sfb", None, None),
        ("sgn-NO", "nsl", None, None),  # CLDR takes it for Nigeria's
        ("iw-Hebr-IL", "he", "Hebr", "IL"),
        ("drw", "prs", "Arab", None),
        ("auv", "oc", "Latn", None),
        ("hbs-Cyrl", "sh", "Cyrl", None),
    ],
)
def test_what_follows_a_code_is_kept(
    text: str, tag: str, script: str | None, region: str | None
) -> None:
    found = resolve(text)
    assert (found.bcp47, found.script, found.region) == (tag, script, region)


def test_every_change_of_iso_639_3() -> None:
    kinds = Counter(change.change for change in changes().values())
    assert set(kinds) == {"new", "merged", "split", "none"}
    assert min(kinds.values()) > 10
    for change in changes().values():
        if change.change == "new":
            assert resolve(change.code).iso639_3 == change.code
        elif change.change == "merged":
            assert resolve(change.code) == resolve(*change.codes)
        elif change.change in ("split", "none"):
            with pytest.raises(InputError, match=f"'{change.code}' .* was taken out of ISO 639-3"):
                resolve(change.code)


def test_what_data_sets_tell_apart_stays_apart() -> None:
    """ISO has merged South Levantine Arabic into apc; FLORES-200 has a text of each."""
    assert not resolve("ajp").same_language(resolve("apc"))
    assert resolve("jap") == resolve("ja")


def test_a_split_code_is_refused_with_what_it_was_split_into() -> None:
    with pytest.raises(InputError) as refused:
        resolve("cit_Beng")
    assert str(refused.value) == (
        "'cit' (Chittagonian) was taken out of ISO 639-3 and split: "
        "Rohingya (rhg) or Chittagonian (ctg); give one"
    )
    with pytest.raises(InputError, match="taken out of ISO 639-3, as no language of its own; give"):
        resolve("amd")
