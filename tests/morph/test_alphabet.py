"""Words and bundles as numbers: nothing is lost, unknown units are shared by lemma and form."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.access import Access
from data.errors import InputError
from data.unimorph import Triple
from morph.alphabet import Alphabet, feature_names

TRIPLES = [
    Triple("soma", "V;PST;NOM(3,SG)", "alisoma"),
    Triple("pika", "V;FUT;NOM(1,PL);ACC(3,SG)", "tutampika"),
    Triple("ለመደ", "V;PFV;NOM(3,SG)", "ለመደ"),
]
ALPHABET = Alphabet.of(TRIPLES)


@settings(deadline=None, max_examples=300)
@given(st.text(max_size=12), st.text(max_size=16))
def test_any_lemma_and_form_come_back(lemma: str, form: str) -> None:
    first = ALPHABET.encode(lemma)
    second = ALPHABET.encode(form, first.unknown_units)
    assert ALPHABET.decode(first.ids, first.unknown_units) == lemma
    assert ALPHABET.decode(second.ids, second.unknown_units) == form


def test_a_stranger_is_the_same_placeholder_in_lemma_and_form() -> None:
    lemma = ALPHABET.encode("書く")
    form = ALPHABET.encode("書きk", lemma.unknown_units)
    assert lemma.ids[0] == form.ids[0] == ALPHABET.first_placeholder
    assert form.unknown_units == ("書", "く", "き")


def test_hidden_units_are_placeholders_and_come_back() -> None:
    lemma = ALPHABET.encode("soma", hidden=["o", "m"])
    form = ALPHABET.encode("alisoma", lemma.unknown_units)
    assert lemma.unknown_units == ("o", "m")
    assert form.ids[-3:] == lemma.ids[-3:]
    assert ALPHABET.decode(form.ids, form.unknown_units) == "alisoma"


def test_a_subjects_number_is_not_an_objects() -> None:
    names = feature_names("V;NOM(1,SG);ACC(3,PL)")
    assert {"NOM/SG", "ACC/PL", "=NOM(1,SG)", "=ACC(3,PL)"} <= set(names)
    assert not {"NOM/PL", "SG"} & set(names)


def test_an_unseen_bundle_of_seen_parts_is_read() -> None:
    assert ALPHABET.encode_features("V;PST;NOM(1,SG)")  # NOM(1,SG) as a whole was not seen


def test_an_unknown_feature_names_the_nearest() -> None:
    with pytest.raises(InputError, match=r'"V;PAST".*found PAST; nearest: PST'):
        ALPHABET.encode_features("V;PAST")


def test_a_feature_seen_elsewhere_is_taken_from_there() -> None:
    seen = ALPHABET.encode_features("V;PST;ACC(3,PL)")  # PL was seen in NOM only
    assert ALPHABET.features.index("NOM/PL") + 1 in seen


def test_json_round_trip() -> None:
    assert Alphabet.from_json(ALPHABET.to_json()) == ALPHABET


def test_bundles_of_all_shared_task_files_are_read(mirror: object) -> None:
    from data.catalog import dataset
    from data.download import fetch
    from data.unimorph import read_triples

    for file in dataset("sigmorphon2023").select("train"):
        rows = list(read_triples(fetch(file, access=Access(offline=True)).path, normalise=False))[
            :2000
        ]
        alphabet = Alphabet.of(rows)
        for row in rows[::50]:
            assert len(alphabet.encode_features(row.features)) == len(feature_names(row.features))
            word = alphabet.encode(row.form or "")
            assert not word.unknown_units
            assert alphabet.decode(word.ids) == row.form
