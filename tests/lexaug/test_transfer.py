"""English said in a language: function words, forms, agreement, senses, order; toy data by us."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from data.errors import InputError
from data.lexicon import Entry, Lexicon
from data.unimorph import Triple
from lexaug.config import SynthesisConfig
from lexaug.english.clauses import Analyser, VerbForms
from lexaug.english.tagger import Tagger
from lexaug.inflection import TableInflector
from lexaug.phrases import compile_phrases
from lexaug.synthesis.blocks import Piece
from lexaug.synthesis.journal import Tally
from lexaug.synthesis.selection import Selection, selected
from lexaug.synthesize import synthesize
from lexaug.transfer.build import SHEETS
from lexaug.transfer.dictionary import Dictionary
from lexaug.transfer.grammar import Grammar, Sheet, read_sheet
from lexaug.transfer.sentence import Transfer
from lexaug.transfer.typology import Value, chosen
from lexaug.transfer.words import Switches

LEXICON = (
    ("dog", "mbwa", "NOUN"), ("book", "kitabu", "NOUN"), ("big", "kubwa", "ADJ"),
    ("change", "badilisha", "VERB"), ("change", "chenji", "NOUN"), ("bring", "leta", "VERB"),
    ("read", "soma", "VERB"), ("my", "angu", "DET"), ("water", "maji", "NOUN"),
    ("in", "katika", "ADP"),
    ("house", "nyumba", "NOUN"), ("look after", "tunza", "VERB"), ("he", "yeye", "PRON"),
    ("of", "ya", "ADP"), ("teacher", "mwalimu", "NOUN"), ("not", "si", "PART"),
    ("sleep", "lala", "VERB"),
    ("can", "mkebe", "NOUN"), ("price", "bei", "NOUN"),
)  # fmt: skip
FORMS = [
    Triple(lemma, bundle, form)
    for lemma in ("leta", "soma", "tunza", "lala")
    for bundle, form in (
        ("V;FUT;1;SG", f"nita{lemma}"), ("V;PST;3;SG", f"ali{lemma}"),
        ("V;PST;3;PL", f"wali{lemma}"),
        ("V;PST;PRF;3;SG", f"alikuwa ame{lemma}"), ("V;NFIN", f"ku{lemma}"),
        ("V;PST;NEG;3;SG", f"haku{lemma}"), ("V;PRS;3;SG", f"ana{lemma}"),
    )
] + [Triple("kitabu", "N;SG", "kitabu"), Triple("kitabu", "N;PL", "vitabu")]  # fmt: skip
ENGLISH = [
    Triple("bring", "V;PST", "brought"), Triple("bring", "V;V.PTCP;PST", "brought"),
    Triple("read", "V;NFIN", "read"), Triple("sleep", "V;PST", "slept"),
    Triple("sleep", "V;NFIN", "sleep"),
    Triple("change", "V;NFIN", "change"), Triple("look", "V;PST", "looked"),
    Triple("bring", "V;NFIN", "bring"),
]  # fmt: skip


def transfer(
    values: dict[str, str] | None = None,
    orders: tuple[str, ...] = (),
    sheet: Sheet = Sheet(),  # noqa: B008 (immutable)
    sense: str = "pos",
    tables: bool = True,
    **switches: Any,
) -> Transfer:
    lexicon = Lexicon(tuple(Entry(en, sw, pos) for en, sw, pos in LEXICON), "en", "sw")
    known = {en: frozenset({pos}) for en, _, pos in LEXICON if pos in ("NOUN", "ADJ")}
    known["change"] = frozenset({"NOUN", "VERB"})
    forms = VerbForms(ENGLISH)
    inflector = TableInflector(FORMS) if tables else None
    found = {feature: Value(name, "test") for feature, name in (values or {}).items()}
    return Transfer(
        Analyser(Tagger(None, known, forms.all), forms),
        Dictionary(compile_phrases(lexicon), inflector, sense=sense),
        Grammar.of(found, {row.features for row in FORMS} if tables else (), orders, sheet),
        Switches(**switches),
    )


NO_ARTICLES = {
    "37A": "No definite or indefinite article",
    "38A": "No definite or indefinite article",
}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("I will bring the books.", "Nitaleta vitabu."),
        ("He had brought a dog.", "Alikuwa ameleta mbwa."),
        ("The dogs slept.", "Mbwa walilala."),
        ("The teacher did not read the book.", "Mwalimu hakusoma kitabu."),
        ("The teacher looked after the dog.", "Mwalimu alitunza mbwa."),
        ("The dog is in the house.", "Mbwa katika nyumba."),
    ],
)
def test_auxiliaries_articles_and_pronouns_become_forms(line: str, expected: str) -> None:
    assert transfer(NO_ARTICLES).line(line, 1).line.text == expected


def test_the_sense_has_the_words_part_of_speech() -> None:
    english = "The change slept."
    assert transfer(NO_ARTICLES).line(english, 1).line.text == "Chenji alilala."
    texts = {transfer(NO_ARTICLES, sense="any").line(english, key).line.text for key in range(30)}
    assert texts == {"Chenji alilala.", "Badilisha alilala."}


def test_an_auxiliary_is_never_a_noun() -> None:
    done = transfer(NO_ARTICLES).line("The dog can read.", 1).line
    assert "mkebe" not in done.text


@pytest.mark.parametrize(
    ("entry", "expected"),
    [(("was", "kuwa"), "Mbwa kuwa kubwa."), (("be", "kuwa"), "Mbwa alikuwa kubwa.")],
)
def test_a_form_of_be_in_the_lexicon_is_taken_as_it_is(
    entry: tuple[str, str], expected: str
) -> None:
    words = (Entry(*entry, "VERB"), Entry("dog", "mbwa", "NOUN"), Entry("big", "kubwa", "ADJ"))
    known = {"dog": frozenset({"NOUN"}), "big": frozenset({"ADJ"})}
    rows = [Triple("kuwa", "V;PST;3;SG", "alikuwa")]
    done = Transfer(
        Analyser(Tagger(None, known), VerbForms()),
        Dictionary(compile_phrases(Lexicon(words, "en", "sw")), TableInflector(rows)),
        Grammar.of({k: Value(name, "test") for k, name in NO_ARTICLES.items()}, {rows[0].features}),
        Switches(),
    ).line("The dog was big.", 1)
    assert done.line.text == expected


def test_articles_follow_wals() -> None:
    kept = transfer({"37A": "Definite word distinct from demonstrative"}).line("The dog slept.", 1)
    assert next(r.option.rule for r in kept.line.replacements) == "dropped"  # the lexicon has none
    gone = transfer(NO_ARTICLES).line("The dog slept.", 1)
    assert next(r.option.rule for r in gone.line.replacements) == "folded"


def test_without_the_switch_function_words_stay() -> None:
    done = transfer(NO_ARTICLES, function_words=False).line("The dogs slept in the house.", 1)
    assert done.line.text == "The mbwa walilala katika the nyumba."
    assert done.left == 2


@pytest.mark.parametrize(
    ("orders", "expected"),
    [
        ((), "Mwalimu alileta kubwa kitabu ya bei maji."),
        (("adjective",), "Mwalimu alileta kitabu kubwa ya bei maji."),
        (("adjective", "verb"), "Mwalimu kitabu kubwa ya bei maji alileta."),
    ],
)
def test_order_follows_wals_where_it_is_asked_for(orders: tuple[str, ...], expected: str) -> None:
    values = NO_ARTICLES | {"87A": "Noun-Adjective", "81A": "SOV", "83A": "OV"}
    english = "The teacher brought the big book of price water."
    done = transfer(values, orders).line(english, 1).line
    assert done.text == expected


def test_verbs_come_first_where_they_do() -> None:
    values = NO_ARTICLES | {"81A": "VSO"}
    done = transfer(values, ("verb",)).line("The teacher brought a book.", 1)
    assert done.line.text == "Alileta mwalimu kitabu."


def test_postpositions_stand_after_their_noun() -> None:
    values = NO_ARTICLES | {"85A": "Postpositions"}
    done = transfer(values, ("adposition",)).line("The dog slept in the big house.", 1)
    assert done.line.text == "Mbwa alilala kubwa nyumba katika."


def test_cases_of_the_tables_say_what_prepositions_say() -> None:
    lexicon = Lexicon((Entry("town", "ҡала", "NOUN"), Entry("in", "эсендә", "ADP")), "en", "ba")
    rows = [Triple("ҡала", "N;NOM;SG", "ҡала"), Triple("ҡала", "N;LOC;SG", "ҡалала")]
    grammar = Grammar.of({}, {row.features for row in rows})
    done = Transfer(
        Analyser(Tagger(None, {"town": frozenset({"NOUN"})}), VerbForms()),
        Dictionary(compile_phrases(lexicon), TableInflector(rows)),
        grammar,
    ).line("In town", 1)
    assert grammar.cases["in"] == "LOC"
    assert done.line.text == "Ҡалала"
    assert [r.option.rule for r in done.line.replacements] == ["folded", "inflected"]


def test_provenance_names_a_rule_for_every_word_and_its_places() -> None:
    english = "I will bring the big books."
    done = transfer(NO_ARTICLES, ("adjective",)).line(english, 1).line
    for one in done.replacements:
        assert done.text[one.target_start : one.target_end].lower() == one.option.text.lower()
    words = [english[r.start : r.end] for r in done.replacements]
    assert words == ["I", "will", "bring", "the", "big", "books"]
    assert [r.option.features for r in done.replacements if r.option.rule == "inflected"] == [
        "V;FUT;1;SG", "N;PL",
    ]  # fmt: skip


def test_names_numbers_and_marks_stay() -> None:
    done = transfer(NO_ARTICLES).line('"In 2019, Grace Achieng brought 3.5 dogs!"', 1).line
    assert done.text == '"Katika 2019, Grace Achieng alileta 3.5 mbwa!"'


def test_unknown_words_are_kept_or_dropped() -> None:
    english = "The zebra slept in the house."
    assert transfer(NO_ARTICLES).line(english, 1).line.text == "Zebra alilala katika nyumba."
    dropped = transfer(NO_ARTICLES, untranslated="drop").line(english, 1)
    assert dropped.line.text == "Alilala katika nyumba."
    assert (dropped.left, dropped.unknown) == (0, ("zebra",))


SHEET = """
genitive = "1 {of} 2"
drop_subject = true
[words]
"who/REL" = "ambaye"
[noun]
definite = "_ yule"
[prepositions]
in = "_ ndani"
[possessives]
"1;SG" = "_ {c}angu"
[verb]
"PST" = "{s}li_"
"PST;NEG" = "{n}ku_"
"V.MSDR" = "_ | a$>ayo"
[copula]
PRS = "ni"
[subjects]
"3;SG" = "a"
"3;PL" = "wa"
[negatives]
"3;SG" = "ha"
[[classes]]
noun = "^ki"
number = "SG"
plural = "^ki>vi"
of = "cha"
possessive = "ch"
[[classes]]
noun = "^vi"
number = "PL"
of = "vya"
possessive = "vy"
subject = "vi"
"""


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    path = tmp_path / "toy.toml"
    path.write_text(SHEET, "utf-8")
    return path


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("My book is big.", "Kitabu changu ni kubwa."),
        ("My books slept.", "Vitabu vyangu vililala."),
        ("The dog slept.", "Mbwa yule alilala."),
        ("He did not read.", "Hakusoma."),
        (
            "The books of the teacher slept in the house.",
            "Vitabu yule vya mwalimu yule vililala nyumba yule ndani.",
        ),
    ],
)  # fmt: skip
def test_a_grammar_sheet_says_the_rest(sheet: Path, line: str, expected: str) -> None:
    done = transfer(sheet=read_sheet(sheet), tables=False).line(line, 1).line
    assert done.text == expected


def test_people_and_animals_agree_by_what_they_are() -> None:
    sheet = read_sheet(SHEETS / "sw.toml")
    told = transfer(sheet=sheet, tables=False)
    assert told.line("The dog slept.", 1).line.text == "Mbwa alilala."
    assert told.line("The teacher of the dog slept.", 1).line.text == "Mwalimu wa mbwa alilala."
    for noun, thing, animate in (("kiongozi", "ki", "a"), ("rafiki", "i", "a"), ("mti", "u", "a")):
        cells = [sheet.class_of(noun, "SG", animate=alive) for alive in (False, True)]
        assert [cell.cells["subject"] for cell in cells if cell] == [thing, animate]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("words = 3", r"\[words\]: expected texts"),
        ("[nouns]\nx = '_'", 'no such key "nouns"'),
        ("[prepositions]\nin = 'katika'", "expected one _ for what it is put around, found 0"),
        ("[noun]\ndefinit = '_ a'", r'\[noun\]: no such key "definit"; it has definite, '),
        ("[possessives]\n'4;SG' = 'a _'", 'no such key "4;SG"; it has 1;SG'),
        ("[verb]\nPAST = '_a'", 'expected features of UniMorph such as PST;NEG, found "PAST"'),
        ("[copula]\n'PRS;NGE' = 'a'", 'such as PST;NEG, found "NGE"'),
        ("[words]\n'and/FOO' = 'a'", "no such role; there are ADJ, "),
        ("[words]\nThe = 'a'", "expected an English word in small letters"),
        ('[words]\nand = "a\\nb"', "expected text of one line"),
        ("[verb]\nPST = '{x}a_'", r"expected {s}, {n}, {c}, {of} in braces, found {x}"),
        ("drop_subject = 'yes'", "drop_subject: expected true or false, found 'yes'"),
        ("separator = 1", "separator: expected a text, found 1"),
        ("genitive = '2 2'", "expected 1, what is owned, and 2, its owner"),
        ("[[classes]]\nnoun = '('", "expected a regular expression"),
        ("[[classes]]\ncolour = 'red'", 'no such cell "colour"'),
        ("[[classes]]\nanimate = 'yes'", 'no such cell "animate"'),
    ],
)
def test_a_bad_sheet_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(InputError, match=message):
        read_sheet(path)


def test_values_of_a_genus_stand_in_where_most_agree() -> None:
    from data.inventory.genus import WalsLanguage
    from data.languages import resolve

    def language(code: str, iso: str) -> WalsLanguage:
        return WalsLanguage(code, code, None, (iso,), "Niger-Congo", "Bantu")

    every = [language("tsw", "tsn"), *(language(code, code) for code in ("aaa", "bbb", "ccc"))]
    values = {code: {"87A": "Noun-Adjective"} for code in ("aaa", "bbb", "ccc")}
    found = chosen(resolve("tn"), every, values)
    assert found["87A"] == ("Noun-Adjective", "3 of 3 languages of the genus Bantu in WALS")
    assert not chosen(resolve("tn"), every, {"aaa": {"87A": "Noun-Adjective"}})


def test_values_that_exclude_each_other_are_named() -> None:
    values = {"81A": Value("SOV", "one"), "83A": Value("VO", "two")}
    assert Grammar(values).contradictions() == ["81A says SOV (one), 83A VO (two)"]


# The whole command

TEXT = (
    "The dog slept in my house.\nI read.\nThe big zebra saw Grace Achieng.\n"
    "My books slept in the house.\n"
)


def made(tmp_path: Path, sheet: Path, out: str, **options: Any) -> dict[str, bytes]:
    lexicon, text = tmp_path / "lexicon.tsv", tmp_path / "text.en"
    lexicon.write_text("".join(f"{en}\t{sw}\n" for en, sw, _ in LEXICON), "utf-8")
    if not text.exists():
        text.write_text(TEXT, "utf-8")
    config = SynthesisConfig(
        "sw", str(text), lexicon=str(lexicon), inflect=False, agreement=False, preset="ours",
        order="none", tagger="rules", grammar=str(sheet), offline=True, provenance=True,
        out=tmp_path / out, **options,
    )  # fmt: skip
    folder = synthesize(config).folder
    assert folder is not None
    names = ("text.txt", "provenance.jsonl", "coverage.json", "journal.jsonl")
    return {name: (folder / name).read_bytes() for name in names}


def test_any_number_of_workers_writes_the_same_bytes(tmp_path: Path, sheet: Path) -> None:
    (tmp_path / "text.en").write_text(TEXT * 40, "utf-8")
    one = made(tmp_path, sheet, "one", block_bytes=1000)
    two = made(tmp_path, sheet, "two", block_bytes=1000, workers=2)
    assert one == two


def test_a_run_says_what_it_did(tmp_path: Path, sheet: Path) -> None:
    found = made(tmp_path, sheet, "out")
    figures = json.loads(found["coverage.json"])
    assert figures["english_left"] == 0
    assert figures["by_rule"]["grammar"] > 0
    config = json.loads((tmp_path / "out" / "config.json").read_text("utf-8"))
    about = config["run"]["transfer"]
    assert about["grammar"]["name"] == "toy.toml"
    assert about["tagger"] == "rules"


def test_a_killed_run_goes_on_to_the_same_bytes(
    tmp_path: Path, sheet: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lexaug.synthesis import writing
    from lexaug.synthesis.transfer_work import TransferWork

    monkeypatch.setattr(writing, "BLOCKS_A_COMMIT", 1)
    (tmp_path / "text.en").write_text(TEXT * 40, "utf-8")
    whole = made(tmp_path, sheet, "whole", block_bytes=1000)
    call, calls = TransferWork.__call__, []

    def killed(self: TransferWork, block: Any) -> Any:
        calls.append(block)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return call(self, block)

    monkeypatch.setattr(TransferWork, "__call__", killed)
    with pytest.raises(KeyboardInterrupt):
        made(tmp_path, sheet, "killed", block_bytes=1000)
    monkeypatch.setattr(TransferWork, "__call__", call)
    assert made(tmp_path, sheet, "killed", block_bytes=1000) == whole


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mode": "switch"}, "replaces words one by one"),
        ({"order": "adjectives"}, 'no such order "adjectives"'),
        ({"ratio": 0.5}, "phrases are said whole"),
        ({"inflect": False}, "--agreement needs forms"),
    ],
)
def test_options_that_do_not_go_together(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        SynthesisConfig("sw", "news.en", preset="ours", **options)


def test_a_sheet_that_is_not_there(tmp_path: Path, sheet: Path) -> None:
    del sheet
    with pytest.raises(InputError, match="no such file; give one, none, or auto"):
        made(tmp_path, tmp_path / "none.toml", "out")


def test_selection_takes_what_is_known_and_new() -> None:
    lexicon = Lexicon(tuple(Entry(en, sw, pos) for en, sw, pos in LEXICON), "en", "sw")
    selection = Selection(compile_phrases(lexicon), 0.5)
    lines = [
        "The big dog slept.",
        "The big dog slept here.",
        "A zebra painted nine violins.",
        "My teacher reads water prices.",
    ]
    assert selection.chosen(lines) == [0, 3]
    pieces = [Piece(4, "".join(f"{line}\n" for line in lines[:2]).encode())]
    pieces.append(Piece(9, "".join(f"{line}\n" for line in lines[2:]).encode()))
    tally, gone = Tally(), []
    found = selected(pieces, selection, tally, gone)
    assert found == [Piece(4, f"{lines[0]}\n".encode()), Piece(10, f"{lines[3]}\n".encode())]
    assert [(one.line, one.text) for one in gone][:2] == [(5, lines[1]), (9, lines[2])]
    assert tally.dropped["not selected"] == tally.numbers["lines"] == len(lines) - 2
    assert selected(pieces, None, Tally(), gone) == pieces


def test_published_is_the_plain_path(tmp_path: Path) -> None:
    lexicon, text = tmp_path / "lexicon.tsv", tmp_path / "text.en"
    lexicon.write_text("".join(f"{en}\t{sw}\n" for en, sw, _ in LEXICON), "utf-8")
    text.write_text(TEXT, "utf-8")
    texts = []
    for name, options in (("a", {"preset": "published"}), ("b", {"inflect": False})):
        config = SynthesisConfig(
            "sw", str(text), lexicon=str(lexicon), out=tmp_path / name, **options
        )  # type: ignore[arg-type]
        folder = synthesize(config).folder
        assert folder is not None
        texts.append((folder / "text.txt").read_bytes())
    assert texts[0] == texts[1]
