"""Languages: every way to write one, what is one language and what is not, which code a set uses.

Expected values come from the data sets' own code lists, ISO 639, CLDR and Unicode, not from us.
"""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
import unicodedata

import langcodes
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import InputError
from data.languages import Language, all_known, codes_of, is_right_to_left, resolve

SWAHILI = ["sw", "swa", "swh", "Swahili", "SWAHILI", "Kiswahili", "swah1253", "swh_Latn", " sw "]
MASAKHANER2 = "bam bbj ewe fon hau ibo kin lug luo mos nya pcm sna swa tsn twi wol xho yor zul"
LAFAND = "en hau swa yor zul"

# NTREX-128, as its LANGUAGES.tsv spells them.
NTREX = """
afr amh arb aze-Latn bak bel bem ben bod bos bul cat ces ckb-Arab cym dan deu div dzo ell eng-GB
eng-IN eng-US est eus ewe fao fas fij fil fin fra fra-CA fuc gle glg guj gsw-BE hau heb hin hmn hrv
hun hye ibo ind isl ita jpn kan kat kaz khm kin kir kmr kor lao lav lit ltz mal mar mey mkd mlg mlt
mon mri msa mya nde nep nld nno nob nso nya orm pan pol por por-BR prs pus ron rus shi sin slk slv
smo sna-Latn snd-Arab som spa spa-MX sqi srp-Cyrl srp-Latn ssw swa swe tah tam tat tel tgk-Cyrl tha
tir ton tsn tuk tur uig ukr urd uzb ven vie wol xho yor yue zho-CN zho-TW zul
"""


@pytest.mark.parametrize("text", SWAHILI)
def test_every_spelling_of_swahili_is_one_record(text: str) -> None:
    language = resolve(text)
    assert language == resolve("sw")
    assert hash(language) == hash(resolve("sw"))
    assert (language.bcp47, language.iso639_3, language.individual) == ("sw", "swa", "swh")
    assert (language.name, language.script, language.region) == ("Swahili", "Latn", None)
    assert (language.glottocode, language.macrolanguage) == ("swah1253", None)


def test_a_region_is_kept_and_the_language_stays_the_same() -> None:
    kenya = resolve("sw-KE")
    assert kenya.region == "KE"
    assert kenya != resolve("sw")
    assert kenya.same_language(resolve("swh_Latn"))


@pytest.mark.parametrize(
    ("text", "wider", "iso639_3", "glottocode"),
    [
        ("swc", "sw", "swc", "cong1236"),
        ("prs", "fa", "prs", "dari1249"),
        ("kmr", "ku", "kmr", "nort2641"),
        ("fuc", "ff", "fuc", "pula1263"),
    ],
)
def test_what_cldr_aliases_stays_a_language_of_its_own(
    text: str, wider: str, iso639_3: str, glottocode: str
) -> None:
    assert langcodes.standardize_tag(text, macro=True).split("-")[0] == wider  # the trap
    language = resolve(text)
    assert (language.bcp47, language.iso639_3) == (text, iso639_3)
    assert (language.glottocode, language.macrolanguage) == (glottocode, wider)
    assert not language.same_language(resolve(wider))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("swh_Latn", ("sw", "Latn", None)),
        ("sw_ke", ("sw", "Latn", "KE")),
        ("aze-Latn", ("az", "Latn", None)),
        ("zho-CN", ("zh", "Hans", "CN")),
        ("zho-TW", ("zh", "Hant", "TW")),
        ("zho_Hant", ("zh", "Hant", None)),
        ("zh-yue", ("yue", "Hant", None)),
        ("zh-min-nan", ("nan", "Hans", None)),
        ("ckb-Arab", ("ckb", "Arab", None)),
        ("bm-Nkoo", ("bm", "Nkoo", None)),
        ("ber-Latn", ("ber", "Latn", None)),
        ("ber", ("ber", "Tfng", None)),
        ("srp-Latn", ("sr", "Latn", None)),
        ("sr-ME", ("sr", "Latn", "ME")),
        ("kor_Hang", ("ko", "Kore", None)),
        ("spa-MX", ("es", "Latn", "MX")),
        ("fa-AF", ("prs", "Arab", None)),
        ("sw-CD", ("swc", "Latn", None)),
        ("ar-MA", ("ary", "Arab", None)),
        ("ger", ("de", "Latn", None)),
        ("baq", ("eu", "Latn", None)),
        ("mao", ("mi", "Latn", None)),
        ("jap", ("ja", "Jpan", None)),
        ("iw", ("he", "Hebr", None)),
        ("hbs", ("sh", "Latn", None)),
        ("tgl", ("fil", "Latn", None)),
        ("aaa", ("aaa", None, None)),
    ],
)
def test_codes(text: str, expected: tuple[str, str | None, str | None]) -> None:
    language = resolve(text)
    assert (language.bcp47, language.script, language.region) == expected


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("yoruba", "yo"),
        ("Yorùbá", "yo"),
        ("Èdè Yorùbá", "yo"),
        (unicodedata.normalize("NFD", "Français"), "fr"),
        ("FRANCAIS", "fr"),
        ("K'iche'", "quc"),
        ("Kʼicheʼ", "quc"),
        ("isiZulu", "zu"),
        ("Farsi", "fa"),
        ("Sorani", "ckb"),
        ("Chichewa", "ny"),
        ("日本語", "ja"),
        ("বাংলা", "bn"),
        ("Serbo-Croatian", "sh"),
        ("Ghotuo", "aaa"),
        ("Ga", "ga"),  # a code wins over a name: Irish, though a language is called Ga
        ("Mon", "mn"),
    ],
)
def test_names(name: str, tag: str) -> None:
    assert resolve(name).bcp47 == tag


@pytest.mark.parametrize(
    "different",
    [
        "zho-CN zho-TW yue",
        "srp-Cyrl srp-Latn",
        "fra fra-CA",
        "spa spa-MX",
        "por por-BR",
        "eng-US eng-GB eng-IN",
        "fas prs",
        "nno nob nor",
        "bm bm-Nkoo",
        "crh crh-Latn",
        "swa swc",
        "msa ind",
        "gom kok",
    ],
)
def test_different_records(different: str) -> None:
    codes = different.split()
    assert len({resolve(code) for code in codes}) == len(codes)


@pytest.mark.parametrize(
    "codes",
    [
        NTREX.split(),
        MASAKHANER2.split(),
        LAFAND.split(),
        codes_of("flores-200"),
        codes_of("massive-1.1"),
        codes_of("sigmorphon2023"),
        codes_of("unimorph"),
    ],
    ids=["ntrex", "masakhaner2", "lafand", "flores-200", "massive", "sigmorphon2023", "unimorph"],
)
def test_every_code_of_a_data_set_resolves_and_is_found_again(codes: list[str]) -> None:
    assert {code: resolve(code).code_in(codes) for code in codes} == {code: code for code in codes}


def test_the_two_german_varieties_of_bern_and_zurich_are_swiss_german() -> None:
    assert resolve("gsw-BE") == resolve("gsw-ZH") == resolve("gsw")  # cantons, not countries


@settings(deadline=None)  # the names of all languages are read once
@given(st.text())
def test_any_text_resolves_or_is_an_input_error(text: str) -> None:
    with contextlib.suppress(InputError):
        assert resolve(text).bcp47


@settings(deadline=None)  # the names of all languages are read once
@given(st.text("aefhilnswyzAKLN-_1 ", max_size=12))
def test_any_tag_resolves_or_is_an_input_error(text: str) -> None:
    try:
        language = resolve(text)
    except InputError:
        return
    assert resolve(language.bcp47).same_language(language)


def test_the_table_is_sound() -> None:
    known = all_known()
    assert len({language.bcp47 for language in known}) == len(known)
    assert len({language.name for language in known}) == len(known)
    for language in known:
        assert re.fullmatch(r"[a-z]{2,3}", language.bcp47)
        assert re.fullmatch(r"[a-z]{4}[0-9]{4}", language.glottocode or "swah1253")
        assert language.iso639_3 == langcodes.get(language.bcp47, normalize=False).to_alpha3()
        if language.bcp47 != "hsi":  # of 2025, newer than the registry that langcodes carries
            assert langcodes.tag_is_valid(f"{language.bcp47}-{language.script}")


@pytest.mark.parametrize("language", all_known(), ids=lambda language: language.bcp47)
def test_the_table_reads_back(language: Language) -> None:
    for code in (language.bcp47, language.iso639_3, language.glottocode):
        assert code is None or resolve(code) == language
    with_own_line = {known.iso639_3 for known in all_known()}
    if language.individual and language.individual not in with_own_line:
        assert resolve(language.individual) == language
    if len(language.name) > 3:  # shorter ones may be codes: Ga
        assert resolve(language.name) == language


@pytest.mark.parametrize(
    ("text", "codes", "code", "relation", "same_script"),
    [
        ("sw", codes_of("massive-1.1"), "sw-KE", "exact", True),
        ("sw", codes_of("flores-200"), "swh_Latn", "exact", True),
        ("sw", ["swc", "swh", "swa"], "swa", "exact", True),
        ("sw", codes_of("unimorph"), "swc", "member", True),
        ("swc", NTREX.split(), "swa", "macrolanguage", True),
        ("swc", codes_of("flores-200"), "swh_Latn", "member", True),
        ("ku", NTREX.split(), "kmr", "macrolanguage", True),
        ("kmr", ["ckb", "ku"], "ku", "macrolanguage", True),
        ("no", codes_of("flores-200"), "nob_Latn", "macrolanguage", True),
        ("sh", codes_of("unimorph"), "hbs", "exact", True),
        ("hr", codes_of("unimorph"), "hbs", "macrolanguage", True),
        ("fa-AF", NTREX.split(), "prs", "exact", True),
        ("fil", codes_of("massive-1.1"), "tl-PH", "exact", True),
        ("min", NTREX.split(), "msa", "macrolanguage", True),
        ("quz", codes_of("flores-200"), "quy_Latn", "member", True),
        ("zh", codes_of("flores-200"), "zho_Hans", "exact", True),
        ("zh-TW", codes_of("flores-200"), "zho_Hant", "exact", True),
        ("yue", codes_of("massive-1.1"), "zh-TW", "macrolanguage", True),  # same characters
        ("pt-PT", NTREX.split(), "por", "exact", True),
        ("pt-BR", NTREX.split(), "por-BR", "exact", True),
        ("en", NTREX.split(), "eng-US", "exact", True),
        ("en-IN", codes_of("flores-200"), "eng_Latn", "exact", True),
        ("sr", NTREX.split(), "srp-Cyrl", "exact", True),
        ("sr-Latn", codes_of("flores-200"), "srp_Cyrl", "exact", False),
        ("bm", ["bm-Nkoo", "bm"], "bm", "exact", True),
        ("bm-Nkoo", ["bm", "bm-Nkoo"], "bm-Nkoo", "exact", True),
        ("bm-Nkoo", MASAKHANER2.split(), "bam", "exact", False),
        ("crh", ["crh-Latn", "crh"], "crh", "exact", True),
        ("crh", codes_of("flores-200"), "crh_Latn", "exact", False),
        ("crh-Latn", ["crh", "crh-Latn"], "crh-Latn", "exact", True),
        ("ko", codes_of("flores-200"), "kor_Hang", "exact", True),
        ("he", ["heb_unvoc", "../x", "", "he-x-a", "heb"], "heb", "exact", True),
        ("ja", codes_of("sigmorphon2023"), "jap", "exact", True),
    ],
)
def test_the_closest_code(
    text: str, codes: list[str], code: str, relation: str, same_script: bool
) -> None:
    for ordered in (codes, codes[::-1]):
        match = resolve(text).closest(ordered)
        assert match is not None
        assert (match.code, match.relation, match.same_script) == (code, relation, same_script)
        assert match.language == resolve(code)


SCRIPTS = {
    "sw": "LATIN SMALL LETTER A",
    "ru": "CYRILLIC SMALL LETTER A",
    "am": "ETHIOPIC SYLLABLE HA",
    "ber": "TIFINAGH LETTER YA",
    "sat": "OL CHIKI LETTER LA",
    "ckb": "ARABIC LETTER ALEF",
    "he": "HEBREW LETTER ALEF",
    "dv": "THAANA LETTER HAA",
    "bm-Nkoo": "NKO LETTER A",
    "aii": "SYRIAC LETTER ALAPH",
    "ff-Adlm": "ADLAM SMALL LETTER ALIF",
    "rhg": "HANIFI ROHINGYA LETTER A",
    "smp": "SAMARITAN LETTER ALAF",
    "mid-Mand": "MANDAIC LETTER HALQA",
}


@pytest.mark.parametrize(("code", "letter"), SCRIPTS.items())
def test_direction_is_that_of_unicode(code: str, letter: str) -> None:
    direction = unicodedata.bidirectional(unicodedata.lookup(letter))
    assert is_right_to_left(resolve(code)) == (direction in ("R", "AL"))


def test_a_code_is_read_without_the_names_of_all_languages() -> None:
    program = (
        "import sys; from data.languages import resolve; resolve('sw-KE'); resolve('Swahili');"
        "sys.exit(any(n in sys.modules for n in ('language_data.name_data', 'data.catalog')))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
