"""Languages: what is refused and how, glottocodes from Glottolog, and the real data's own codes."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from data.errors import InputError
from data.languages import all_known, codes_of, resolve, resolve_glottocode

HOW = "give a code (sw, swa, swh_Latn, sw-KE), a name (Swahili) or a glottocode (swah1253)"
HEADER = "ID,Name,Glottocode,ISO639P3code,Level\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("swahilli", "unknown language 'swahilli'; did you mean Swahili (sw)?"),
        ("yoruuba", "unknown language 'yoruuba'; did you mean Yoruba (yo)?"),
        ("jp", "unknown language 'jp'; did you mean Japanese (ja)?"),
        ("sw-Abcd", "unknown language 'sw-Abcd'; did you mean Swahili (sw)?"),
        ("heb_unvoc", "unknown language 'heb_unvoc'; did you mean Hebrew (he)?"),
        ("en-swa", "unknown language 'en-swa'; did you mean English (en)?"),
        (
            "Ndebele",
            "unknown language 'Ndebele'; did you mean North Ndebele (nd) or South Ndebele (nr)?",
        ),
        (
            "Tonga",
            "'Tonga' names several languages: Tongan (to) or Tonga (Nyasa) (tog) or "
            "Tonga (Zambia) (toi); give a code",
        ),
        ("qaa", f"unknown language 'qaa'; {HOW}"),
        ("und", f"unknown language 'und'; {HOW}"),
        ("", f"no language is called ''; {HOW}"),
        ("  ", f"no language is called '  '; {HOW}"),
        ("../../x", f"'../../x': '/' stands in no language's name; {HOW}"),
        ("sw\n", f"'sw\\n': '\\n' stands in no language's name; {HOW}"),
        ("s\x00w", f"'s\\x00w': '\\x00' stands in no language's name; {HOW}"),
        ("\u202esw", f"'\\u202esw': '\\u202e' stands in no language's name; {HOW}"),
        (None, f"a language is given as text, found None; {HOW}"),
        (b"sw", f"a language is given as text, found b'sw'; {HOW}"),
        (
            "abcd1234",
            f"glottocode 'abcd1234' is none of the {sum(bool(k.glottocode) for k in all_known())} "
            "built in; python -m data.catalog fetch glottolog brings the rest, for "
            "resolve_glottocode; or give an ISO 639-3 code",
        ),
    ],
)
def test_what_is_refused(text: str, message: str) -> None:
    with pytest.raises(InputError) as refused:
        resolve(text)
    assert str(refused.value) == message


def test_a_long_text_is_shown_in_part() -> None:
    with pytest.raises(InputError, match=r"^no language is called 'a+\.\.\.a+'; ") as refused:
        resolve("a" * 100_000)
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize("codes", [[], ["eng", "yor"], ["nonsense", "en_swc", "en-swa"]])
def test_no_code(codes: list[str]) -> None:
    assert resolve("sw").code_in(codes) is None
    assert resolve("sw").closest(codes) is None


def test_one_text_is_no_list_of_codes() -> None:
    with pytest.raises(InputError, match="expected a data set's codes, found one text, 'swa'"):
        resolve("sw").code_in("swa")


def test_a_data_set_without_a_line_names_those_that_have_one() -> None:
    message = (
        "data/tables/codes.tsv has no 'flores'; it lists flores-200, massive-1.0, massive-1.1, "
    )
    with pytest.raises(InputError, match=re.escape(message)):
        codes_of("flores")


def test_how_many_codes_the_publishers_state() -> None:
    assert len(set(codes_of("flores-200"))) == 204
    assert len(set(codes_of("massive-1.1"))) == 52
    assert len(set(codes_of("sigmorphon2023"))) == 26


def table(folder: Path, *rows: str, header: str = HEADER, encoding: str = "utf-8-sig") -> Path:
    path = folder / "languages.csv"
    path.write_text(header + "".join(f"{row}\n" for row in rows), encoding=encoding)
    return path


def test_glottocodes_from_glottologs_table(tmp_path: Path) -> None:
    path = table(tmp_path, 'ghot1243,"Ghotuo, the language",ghot1243,aaa,language')
    found = resolve_glottocode("ghot1243", path)
    assert found == resolve("aaa")
    assert (found.name, found.glottocode) == ("Ghotuo", "ghot1243")
    assert resolve_glottocode("SWAH1253", tmp_path / "not needed") == resolve("sw")


@pytest.mark.parametrize(
    ("row", "header", "message"),
    [
        ("x", HEADER, ": no languoid has the glottocode 'abkh1242'; " + HOW),
        (
            "abkh1242,Abkhaz-Adyge,abkh1242,,family",
            HEADER,
            "glottocode 'abkh1242' is Abkhaz-Adyge, a family without an ISO 639-3 code; give that "
            "of a language",
        ),
        ("x", "ID,Name\n", ":1: expected Glottolog's languages.csv, found no column Glottocode"),
    ],
)
def test_glottocodes_that_are_refused(tmp_path: Path, row: str, header: str, message: str) -> None:
    path = table(tmp_path, row, header=header)
    with pytest.raises(InputError) as refused:
        resolve_glottocode("abkh1242", path)
    assert str(refused.value).removeprefix(str(path)) == message


def test_a_table_in_another_encoding_is_refused(tmp_path: Path) -> None:
    path = table(tmp_path, "x,Ghomálá',x,bbj,language", encoding="latin-1")
    with pytest.raises(InputError, match=r"languages\.csv: expected Glottolog's languages\.csv, "):
        resolve_glottocode("abkh1242", path)


def test_glottolog_and_linguameta_agree_with_the_table(mirror: Path) -> None:
    with open(mirror / "glottolog/cldf/languages.csv", encoding="utf-8", newline="") as lines:
        iso639_3 = {row["Glottocode"]: row["ISO639P3code"] for row in csv.DictReader(lines)}
    with open(mirror / "linguameta/linguameta.tsv", encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    codes = {row["bcp_47_code"]: row["iso_639_3_code"] for row in rows}
    for language in all_known():
        if (
            language.glottocode and language.bcp47 != "hsi"
        ):  # whose code is newer than Glottolog 5.1
            assert iso639_3[language.glottocode] in (language.iso639_3, language.individual)
        assert codes.get(language.bcp47, language.iso639_3) == language.iso639_3


def codes_in_file_names(mirror: Path, pattern: str) -> dict[str, Path]:
    listed = (mirror / "MANIFEST.tsv").read_text(encoding="utf-8").splitlines()
    paths = [line.split("\t")[1] for line in listed]
    found = ((re.fullmatch(pattern, path), path) for path in paths)
    return {match[1]: mirror / path for match, path in found if match}


NTREX = r"ntrex/NTREX-128/newstest2019-(?:ref|ref-2|src)\.(.+)\.txt"
GATITOS = r"gatitos/en_(.+)\.tsv"


@pytest.mark.parametrize(
    ("pattern", "at_least"),
    [
        (NTREX, 117),
        (GATITOS, 169),
        (r"lafand/text_files/en-.../dev\.(.+)", 5),
        (r"masakhaner2/data/(.+)/test\.txt", 17),
        (r"masakhapos/data/(.+)/test\.txt", 17),
        (r"unimorph/(.+)/\1", 8),
        (r"sigmorphon2023/part1/data/([a-z]+)\.trn", 26),
    ],
)
def test_the_mirrors_codes_resolve_and_are_found_again(
    mirror: Path, pattern: str, at_least: int
) -> None:
    codes = list(codes_in_file_names(mirror, pattern))
    assert len(codes) >= at_least
    assert {code: resolve(code).code_in(codes) for code in codes} == {code: code for code in codes}


# The first word of a letter's Unicode name, where it is not the English name of the script.
WORDS = {
    "Beng": "BENGALI",
    "Cans": "CANADIAN",
    "Hans": "CJK",
    "Hant": "CJK",
    "Jpan": "CJK HIRAGANA KATAKANA KATAKANA-HIRAGANA",
    "Kore": "HANGUL",
    "Knda": "KANNADA",
    "Laoo": "LAO",
    "Mlym": "MALAYALAM",
    "Mtei": "MEETEI",
    "Mymr": "MYANMAR",
    "Nkoo": "NKO",
    "Olck": "OL",
    "Tfng": "TIFINAGH",
}


def letters(path: Path) -> Iterator[str]:
    with open(path, encoding="utf-8") as lines:
        for _, line in zip(range(60), lines, strict=False):
            yield from filter(str.isalpha, line.rpartition("\t")[2])


def is_in(path: Path, script: str) -> bool:
    words = Counter(unicodedata.name(letter, "?").split()[0] for letter in letters(path))
    commonest = words.most_common(1)[0][0]
    return commonest in WORDS.get(script, "").split() or commonest[:3] == script[:3].upper()


@pytest.mark.parametrize("pattern", [NTREX, GATITOS])
def test_the_mirrors_texts_are_in_the_script_that_their_code_means(
    mirror: Path, pattern: str
) -> None:
    paths = codes_in_file_names(mirror, pattern)
    wrong = [code for code, path in paths.items() if not is_in(path, resolve(code).script or "")]
    assert wrong == []
