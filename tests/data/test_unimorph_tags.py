"""Bundles: print what was parsed, know the schema, layer what is flat."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import InputError
from data.inflections.tags import (
    Bundle,
    Feature,
    canonical,
    check,
    dimension,
    known_features,
    parse,
    tidied,
    to_hierarchical,
    unknown,
)
from data.unimorph import read_triples
from tests.data.order_of_columns import published_files

NAMES = st.sampled_from(["V", "PST", "NOM", "3", "SG", "IN+ALL", "SG/DU/PL", "LGSPEC2", "non{PST}"])


def layered(inner: st.SearchStrategy[Feature]) -> st.SearchStrategy[Feature]:
    def holding(name: str, parts: list[Feature], marks: list[str]) -> Feature:
        return Feature(name, tuple(parts), "".join(marks[: len(parts) - 1]))

    marks = st.lists(st.sampled_from(",;"), min_size=3, max_size=3)
    return st.builds(holding, NAMES, st.lists(inner, min_size=1, max_size=4), marks)


FEATURES = st.recursive(st.builds(Feature, NAMES), layered, max_leaves=8)


@given(st.lists(FEATURES, min_size=1, max_size=5))
def test_a_bundle_is_read_back_as_it_was_printed(features: list[Feature]) -> None:
    bundle = Bundle(tuple(features))
    assert parse(str(bundle)) == bundle


@given(st.text(alphabet="VS;,()+/ ", max_size=12))
def test_any_text_is_printed_back_or_refused_with_the_text(text: str) -> None:
    try:
        printed = str(parse(text))
    except InputError as error:
        printed = text if str(error).startswith('bundle "') else str(error)
    assert printed == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected a feature, found the end; write a name there"),
        ("V;;PST", 'expected a feature, found ";" at position 3'),
        ("V; PST", 'expected a feature, found " " at position 3'),
        ("V;NOM()", 'expected a feature, found ")" at position 7'),
        ("V;PST,3", 'expected ";", found "," at position 6; features stand between semicolons'),
        ("V;NOM(1)SG", 'expected ";", found "S" at position 9'),
        ("V;NOM(1,SG", 'expected ")", found the end; close the bracket'),
        ("(" * 4000, 'expected a feature, found "("'),
        ("A(" * 4000, "expected at most 8 brackets in brackets, found more"),
    ],
)
def test_what_is_no_bundle_is_named_with_its_place(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(text)
    assert message in str(caught.value)


# What publishers wrote by mistake, or explain nowhere: `_` and ADB in Ket, SL, PFA and FROM in
# Braj, colons for semicolons in Magahi, a person of two digits in Ket, ARBEB1S in Chukchi.
UNEXPLAINED = {"_", "ADB", "SL", "PFA", "FROM", "3:PRS", "INFM:LGSPEC1", "POL:LGSPEC1", "ARGAB23S"}
UNEXPLAINED |= {"ARBEB1S", "ARBEB1P"}
NO_TREE = re.compile(r"\(non\)NOM|,FUTS|;$")  # Pashto; a comma and two last semicolons elsewhere


def test_every_tag_of_every_published_file_is_printed_back_and_known(mirror: Path) -> None:
    bundles = {
        triple.features
        for file, usual in published_files(mirror)
        for triple in read_triples(
            file, usual=usual, every_row=True, normalise=False, skip_bad=True, dropped=Counter()
        )
    }
    assert len(bundles) > 10_000
    readable = {tidied(text) for text in bundles if not NO_TREE.search(text)}
    trees = [parse(text) for text in readable]
    assert {str(tree) for tree in trees} == readable
    assert {name for tree in trees for name in unknown(tree)} == UNEXPLAINED


def test_the_schema_has_the_guides_dimensions() -> None:
    # The figures are those of the guide's own machine-readable list (unimorph.github.io).
    counts = {"Case": 40, "Mood": 19, "Tense": 8, "Number": 8, "Voice": 13, "Person": 9}
    guide = [known for known in known_features().values() if known.since == "2016"]
    # INV is a voice and (as INVN) a number, so no feature stands in two dimensions.
    assert {g: sum(known.dimension == g for known in guide) for g in counts} == counts
    assert dimension("BANTU23") == "Gender"
    assert dimension("BANTU24") is None


def test_unknown_features_are_refused_with_the_nearest_known() -> None:
    assert check("V;PST;NOM(3,SG,BANTU1)") == parse("V;PST;NOM(3,SG,BANTU1)")
    with pytest.raises(InputError, match=r'swa:7: .*found "SBJ" \(did you mean SUBJ, SBJV'):
        check("V;SBJ", "swa:7")
    with pytest.raises(InputError, match=r'swa:8: bundle "V;": expected a feature'):
        check("V;", "swa:8")


@pytest.mark.parametrize(
    ("flat", "hierarchical"),
    [  # worked by hand from the guide's meaning of each flat feature
        ("V;PRS;ARGNO1S;ARGAC3P", "V;PRS;NOM(1,SG);ACC(3,PL)"),
        ("V;PST;ARGER3S;ARGAB1PI;ARGDA2D", "V;PST;ERG(3,SG);ABS(1,PL,INCL);DAT(2,DU)"),
        ("V;ARGABS3;ARGABSSG;ARGERG2;ARGERGSG;ARGERGINFM", "V;ABS(3,SG);ERG(2,SG,INFM)"),
        ("V;ARGAC1S;ARGAC2S", "V;ACC(1,SG);ACC(2,SG)"),
        ("N;SG;PSS2SFORM", "N;SG;PSS(2,SG,FORM)"),
        ("N;PSS3", "N;PSS(3)"),
        ("N;PSS0", "N;PSS0"),
        ("N;SG;PSSB9", "N;SG;PSSB9"),
        ("V;NO3SI;PRF", "V;NOM(3,SG,INAN);PRF"),
        ("V;NO1PI;DA2S", "V;NOM(1,PL,INCL);DAT(2,SG)"),
        ("V;1;SG;ARGAC3PL", "V;1;SG;ACC(3,PL)"),
        ("V;PRS;1;SG", "V;PRS;1;SG"),
        ("N;DAT(PL;PSS(1,SG))", "N;DAT(PL;PSS(1,SG))"),
    ],
)
def test_flat_agreement_and_possession_become_layers(flat: str, hierarchical: str) -> None:
    assert str(to_hierarchical(parse(flat))) == hierarchical


def test_a_verbs_own_agreement_is_layered_where_the_case_is_told() -> None:
    assert str(to_hierarchical(parse("V;PRS;1;SG"), subject="NOM")) == "V;PRS;NOM(1,SG)"
    assert str(to_hierarchical(parse("N;PL"), subject="NOM")) == "N;PL"


@pytest.mark.parametrize(
    ("published", "schema"),
    [  # the publisher's spelling, and the guide's feature of that meaning
        ("INST", "INS"),  # kaz
        ("ER", "ERG"),  # shp
        ("INF", "NFIN"),  # ail, liv
        ("PC", "PAUC"),  # mwf
        ("PRON", "PRO"),  # hsi
        ("NO1PE", "ARGNO1PE"),  # kod
        ("ARGAC2DU", "ARGAC2D"),  # gup
        ("LGSPEPC2", "LGSPEC2"),  # bra
        ("INS", "INS"),
        ("XYZ", "XYZ"),
    ],
)
def test_published_spellings_have_the_schemas_equivalent(published: str, schema: str) -> None:
    assert canonical(published) == schema
    assert dimension(published) == dimension(schema)
