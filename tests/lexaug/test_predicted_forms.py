"""Forms that no table lists: who is asked for what, and when the lemma stands. Worked by hand."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from data.access import Access
from data.errors import InputError
from data.languages import resolve
from data.unimorph import Triple
from lexaug.inflection import TableInflector, rank_of
from lexaug.predicted_forms import MorphInflector, infinitives_of, load_predictor
from morph.inflect import Inflector
from morph.inflect.lookup import Lookup
from morph.rules import Rules

PAST = "V;PST"
CONSONANTS, VOWELS = "kptsmnlbgz", "aiou"
# Regular verbs in large numbers, so that the rules are sure: stems CVCVC, which no language owns.
STEMS = ["".join(one) for one in itertools.product("kts", VOWELS, "lmn", VOWELS, "k")]
SWAHILI = [
    row
    for stem in STEMS
    for row in (
        Triple(f"{stem}a", "V;PST;3;SG", f"ali{stem}a"),
        Triple(f"{stem}a", "V;PST;1;SG", f"nili{stem}a"),
    )
]
LINGALA = [
    row
    for stem in STEMS
    for row in (Triple(stem, "V;NFIN", f"ko{stem}a"), Triple(stem, PAST, f"{stem}aki"))
]


def maker(triples: list[Triple], least: float = 0.8) -> MorphInflector:
    rules = Rules.learn(triples)
    morph = Inflector(Lookup.of(triples, "sw"), rules, "Swahili")
    back = infinitives_of(triples)
    tables = TableInflector(triples)
    return MorphInflector(tables, morph, rules.features, least=least, infinitives=back)


def test_a_lemma_that_no_table_has_gets_the_form_that_the_rules_make() -> None:
    swahili = maker(SWAHILI)
    assert swahili.predicted(("kalaka", PAST, True)) == ("alikalaka", "inflected")
    assert swahili.predicted(("pembuka", PAST, True)) == ("alipembuka", "inflected-by-rule")
    assert swahili.predicted(("-pembuka", PAST, True)) == ("alipembuka", "inflected-by-rule")
    assert swahili.inflect("pembuka", PAST) == "alipembuka"


@pytest.mark.parametrize(
    ("question", "why"),
    [
        (("pembuka", PAST, False), "nothing says that it is a verb"),
        (("pembuka", "V;FUT", True), "the tables have no future"),
        (("pembuka", "N;PL", True), "the tables have no nouns"),
        (("piga simu", PAST, True), "two words"),
        (("пембука", PAST, True), "another script"),
        (("ja", PAST, True), "too short: it is alikuja, and not alija"),
    ],
)
def test_where_the_lemma_stands(question: tuple[str, str, bool], why: str) -> None:
    assert maker(SWAHILI).predicted(question) == (None, "lemma"), why


def test_a_form_that_is_not_sure_is_not_given_and_said_so() -> None:
    unsure = maker(SWAHILI, least=1.0)  # no confidence of rules is 1
    assert unsure.predicted(("pembuka", PAST, True)) == (None, "lemma-unsure")
    assert unsure.predicted(("kalaka", PAST, True)) == ("alikalaka", "inflected")


def test_infinitives_of_a_lexicon_that_lists_them_are_taken_back_to_lemmas() -> None:
    lingala = maker(LINGALA)
    words = ("kokalaka", "kopembuka", "kimya", "pembuk")
    lingala.predict_all([(word, PAST, False) for word in words])  # kokalaka: a known infinitive
    assert [lingala.predicted((word, PAST, False)) for word in words] == [
        ("kalakaki", "inflected"),
        ("pembukaki", "inflected-by-rule"),
        (None, "lemma"),  # no infinitive of anything
        (None, "lemma"),
    ]
    lingala.predict_all(
        [(word, PAST, True) for word in ("kalak", "kopembuk")]
    )  # here stems are listed
    assert lingala.predicted(("kopembuk", PAST, True)) == ("kopembukaki", "inflected-by-rule")
    assert lingala.predicted(("kopembuka", PAST, False)) == (None, "lemma")


@pytest.mark.parametrize("words", [["kalak", "kokalaka"], []], ids=["as many", "none known"])
def test_a_lexicon_lists_infinitives_only_where_more_are_known_than_lemmas(
    words: list[str],
) -> None:
    lingala = maker(LINGALA)
    lingala.predict_all([(word, PAST, True) for word in [*words, "kopembuk"]])
    assert lingala.predicted(("kopembuk", PAST, True)) == ("kopembukaki", "inflected-by-rule")
    assert lingala.predicted(("kopembuka", PAST, False)) == (None, "lemma")


def test_answers_at_once_are_the_answers_one_by_one() -> None:
    words = ["pembuka", "tunguka", "kalaka", "ja"]
    questions = [(word, PAST, tagged) for word in words for tagged in (True, False)]
    at_once, one_by_one = maker(SWAHILI), maker(SWAHILI)
    at_once.predict_all(questions)
    assert list(map(at_once.predicted, questions)) == list(map(one_by_one.predicted, questions))


def test_the_usual_bundle_is_of_the_series_that_most_lemmas_stand_in() -> None:
    rows = [
        Triple(f"um{stem}u", bundle, form)
        for stem in STEMS[:9]
        for bundle, form in (
            ("N;SG", f"m{stem}u"),
            ("N;PL", f"ba{stem}u"),
            ("N;SG;LGSPEC2", f"um{stem}u"),
            ("N;PL;LGSPEC2", f"aba{stem}u"),
        )
    ]
    every = {row.features for row in rows}
    assert TableInflector(rows).usual_bundle("N;PL", every) == "N;PL;LGSPEC2"


def test_the_usual_bundle_is_the_best_one_however_rare_in_a_table_with_gaps() -> None:
    rows = [Triple(stem, "V;PST;PRF;3;SG", f"ame{stem}") for stem in STEMS]
    rows.append(Triple("pika", "V;PST;3;SG", "alipika"))
    every = {row.features for row in rows}
    assert TableInflector(rows).usual_bundle(PAST, every) == "V;PST;3;SG"
    assert TableInflector(rows).usual_bundle(PAST, {"V;PST;PRF;3;SG"}) == "V;PST;PRF;3;SG"
    assert TableInflector(rows).usual_bundle("V;FUT", every) is None


def test_the_usual_bundle_is_the_best_of_all_that_could_be_tried_one_by_one() -> None:
    cells = [
        ("V", "V.PTCP", "V;NFIN", "N", "N/V"),
        ("", ";PST", ";PST;PRF", ";PRS", ";FUT;RMT", ";PST/PRS"),
        ("", ";IND", ";SBJV", ";NEG"),
        ("", ";3;SG", ";1;PL", ";PL", ";BANTU2"),
        ("", ";ERG", ";ACC"),
    ]
    bundles = ["".join(cell) for cell in itertools.product(*cells)]
    inflector = TableInflector(Triple("soma", bundle, f"soma{bundle}") for bundle in bundles)
    answered = 0
    for asked in [*bundles[::7], "V;V.PTCP;PST", "V;V.PTCP;PRS", "N;PL", "V;3;SG;PRS"]:
        ranked = [
            (rank, place)
            for place, bundle in enumerate(bundles)
            if (rank := rank_of(asked, bundle)) is not None
        ]
        best = bundles[min(ranked)[1]] if ranked else None
        assert inflector.usual_bundle(asked, set(bundles)) == best, asked
        answered += best is not None
    assert answered > 100


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The tables of English and Swahili in the folder of the package unimorph; nothing else."""
    monkeypatch.delenv("KILOLINGUA_MIRROR", raising=False)
    monkeypatch.setenv("UNIMORPH", str(tmp_path / "unimorph"))
    english = [Triple("walk", PAST, "walked"), Triple("stop", PAST, "stopped")]
    for code, rows in (("eng", english), ("swa", SWAHILI)):
        path = tmp_path / "unimorph" / code / code
        path.parent.mkdir(parents=True)
        text = "".join(f"{row.lemma}\t{row.form}\t{row.features}\n" for row in rows)
        path.write_text(text, "utf-8")
    return tmp_path


def test_a_folder_without_a_model_is_refused(package: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere: expected a run folder of morph\.train or a"):
        load_predictor(resolve("sw"), str(package / "nowhere"), access=Access(offline=True))


TABLE = "en\tsw\tpos\nwalk\tpembuka\tVERB\nwalk\ttembezi\tNOUN\nstop\tkalaka\tVERB\n"
COUNTS = {"tables": (1, 0, 1, 0), "rules": (1, 1, 0, 0), "unsure": (1, 0, 0, 1)}
BY_RULE = ("inflected", "inflected-by-rule", "lemma", "lemma-unsure")


@pytest.mark.parametrize("way", COUNTS)
@pytest.mark.parametrize("mode", ["mono", "tags"])
def test_a_run_counts_who_made_its_forms(package: Path, mode: str, way: str) -> None:
    from lexaug.config import SynthesisConfig
    from lexaug.synthesize import synthesize

    (package / "lexicon.tsv").write_text(TABLE, "utf-8")
    words = "walked VERB\nstopped VERB\n" if mode == "tags" else "walked; stopped\n"
    (package / "text").write_text(words, "utf-8")
    options: dict[str, Any] = {"inflect_with": "rules" if way == "unsure" else way}
    options["inflect_confidence"] = 1.0 if way == "unsure" else 0.8
    config = SynthesisConfig(
        "sw", str(package / "text"), mode=mode, lexicon=str(package / "lexicon.tsv"),
        keep_at_least=1, inflect=True, provenance=True, offline=True, out=package / "out",
        policy="first",  # draws hang on where the text lies
        **options,
    )  # fmt: skip
    done = synthesize(config)
    assert tuple(done.figures["by_rule"][rule] for rule in BY_RULE) == COUNTS[way]
    shares = done.figures["inflected_share"], done.figures["lemma_stands_share"]
    assert shares == {"rules": (100.0, 0.0)}.get(way, (50.0, 50.0))
    account = (package / "out" / "provenance.jsonl").read_text("utf-8")
    rules = [row[5] for row in json.loads(account)["replacements"]]
    first = {"tables": "lemma", "rules": "inflected-by-rule", "unsure": "lemma-unsure"}[way]
    assert rules == [first, "inflected"]
    about = json.loads((package / "out" / "config.json").read_text("utf-8"))["run"]["inflection"]
    made = about.get("made")
    if way == "tables":
        assert made is None
    else:
        assert (made["by"], made["confidence"]) == ("rules", config.inflect_confidence)
        assert len(made["rules_sha256"]) == 64


def test_options_that_contradict_each_other_or_mean_nothing() -> None:
    from lexaug.config import SynthesisConfig

    with pytest.raises(InputError, match="--no-inflect and --inflect-with exclude each other"):
        SynthesisConfig("sw", "sample", inflect=False, inflect_with="tables")
    with pytest.raises(InputError, match=r"--inflect-confidence 80: expected a share from 0 to 1"):
        SynthesisConfig("sw", "sample", inflect_confidence=80)


class Doubtful:
    """An inflector that is not sure of infinitives, though it makes the right ones."""

    model = None

    def __init__(self, morph: Inflector) -> None:
        self._morph = morph

    def check(self, *item: str) -> tuple[str, str]:
        return self._morph.check(*item)

    def inflect_all(self, items: list[tuple[str, str]]) -> list[Any]:
        answers = self._morph.inflect_all(items)
        return [
            replace(answer, confidence=0.1) if features == "V;NFIN" else answer
            for answer, (_, features) in zip(answers, items, strict=True)
        ]


def test_an_infinitive_that_is_not_surely_one_stays() -> None:
    lingala: Any = maker(LINGALA)
    lingala._morph = Doubtful(lingala._morph)
    lingala.predict_all([(word, PAST, False) for word in ("kokalaka", "kopembuka")])
    assert lingala.predicted(("kopembuka", PAST, False)) == (None, "lemma")
