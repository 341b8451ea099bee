"""The same sentences in many languages: SIB-200, NTREX-128, FLORES, or a table with a column each.

    texts = many_way("sib200", "swh,amh,Tamil")
    texts.codes, texts.sentences[0][7], texts.sentences[1][7]   # one sentence, in two languages

Row 7 of every language is one sentence. That is what lets a probe train on some sentences and ask
about others in all languages at once, so that it cannot know them by what they say.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from data.access import Access
from data.cli import did_you_mean
from data.download import NoSourceError
from data.errors import InputError
from data.files import canonical_json, sha256_text
from data.languages import Language, resolve
from data.lines import listed, unpacked_suffix
from data.load import find_language, no_such_file
from data.tsv import read_header, read_tsv
from probe.corpora import ALL, ENGLISH, Bitext, bitexts, codes_in, language_of

TABLES = ".tsv"
LABEL_COLUMNS = ("document", "id", "label", "topic")  # of a user's table, beside the languages


@dataclass(frozen=True, slots=True)
class ManyWay:
    """Rows of sentences, each of them in every language.

    Attributes:
        corpus: the set's name, or the file's.
        codes, languages: of each side; a language may stand there in two scripts.
        sentences: for each language all rows.
        labels: the topic of each row; empty where the set has none.
    """

    corpus: str
    codes: tuple[str, ...]
    languages: tuple[Language, ...]
    sentences: tuple[tuple[str, ...], ...]
    labels: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """Sentences of a language."""
        return len(self.sentences[0])

    @property
    def sha256(self) -> str:
        """The checksum of all that is in it."""
        return sha256_text(canonical_json([self.codes, self.sentences, self.labels]))

    def place(self, text: str) -> int:
        """Where a language stands, by its code here or any other.

        Raises:
            InputError: it does not.
        """
        if text in self.codes:
            return self.codes.index(text)
        found = resolve(text).code_in(self.codes)
        if found is None:
            raise InputError(f"{self.corpus}: has no {text}; it has: {listed(self.codes)}")
        return self.codes.index(found)


def is_table(name: str) -> bool:
    """Whether the name of a corpus is that of a user's table.

    Raises:
        InputError: it looks like one, and is not there.
    """
    path = Path(name)
    if unpacked_suffix(path) != TABLES:
        return False
    if not path.is_file():
        raise no_such_file(path)
    return True


def many_way(
    corpus: str,
    lang: str = ALL,
    *,
    limit: int | None = None,
    least: int = 1,
    access: Access = Access(),
) -> ManyWay:
    """Read the languages that were asked for.

    Args:
        corpus: a set of the catalog, or a .tsv file whose header has the languages' codes (and
            `topic`, if you like), a sentence a row in all of them.
        lang: "all", English among them, or codes and names with commas between.
        limit: the first rows only.
        least: how many languages are needed.

    Raises:
        InputError: no such set or language, fewer than are needed, a row that a language lacks,
            a set whose languages have other sentences each (Tatoeba).
        UnavailableError: a file cannot be had.
    """
    if is_table(corpus):
        found = _from_table(Path(corpus), lang, limit)
    else:
        found = _from_catalog(corpus, lang, limit, access)
    if len(found.codes) < least:
        raise InputError(
            f"--lang {lang}: expected {least} languages or more, to tell them apart, found"
            f" {listed(found.codes) or 'none'}; name more"
        )
    if found.rows < 2:
        raise InputError(f"{corpus}: expected 2 rows or more, found {found.rows}; add sentences")
    return found


def _from_catalog(name: str, lang: str, limit: int | None, access: Access) -> ManyWay:
    codes = codes_in(name, lang, access)
    with_english = lang == ALL or _asks_for_english(lang, access)
    missing: list[str] = []
    sides = list(at_hand(name, codes, missing if lang == ALL else None, access))
    if not sides:  # English alone
        return ManyWay(name, ("eng",), (resolve("en"),), ((),))
    english = sides[0].english
    for side in sides:
        if side.english != english:
            raise InputError(
                f"--corpus {name}: expected the same sentences in every language, found others in"
                f" {side.code} ({len(side.english):,}) than in {sides[0].code} ({len(english):,});"
                " give sib200, ntrex-128, flores-200 or a table"
            )
    listed_sides = [(side.code, side.language, side.sentences) for side in sides]
    if with_english:
        listed_sides.append(("eng_Latn" if sides[0].labels else "eng", resolve("en"), english))
    remarks = [remark for side in sides for remark in side.remarks]
    listed_sides.sort(key=lambda side: side[0])
    return ManyWay(
        name,
        tuple(code for code, _, _ in listed_sides),
        tuple(language for _, language, _ in listed_sides),
        tuple(sentences[:limit] for _, _, sentences in listed_sides),
        sides[0].labels[:limit],
        tuple(dict.fromkeys((*not_at_hand(name, missing), *remarks))),
    )


def at_hand(
    name: str, codes: Sequence[str], missing: list[str] | None, access: Access
) -> Iterator[Bitext]:
    """`probe.corpora.bitexts`, in which languages whose files cannot be had are left out.

    Args:
        missing: takes their codes; None: each of them is an error.

    Raises:
        InputError: as `bitexts`.
        UnavailableError: as `bitexts`, and where no language at all can be had.
    """
    rest, found = list(codes), 0
    while rest:
        try:
            for bitext in bitexts(name, rest, access):
                rest, found = rest[1:], found + 1
                yield bitext
        except NoSourceError:
            if missing is None or (len(rest) == 1 and not found):
                raise
            missing.append(rest.pop(0))


def not_at_hand(name: str, missing: Sequence[str]) -> list[str]:
    """What to say of them."""
    told = f"{name}: left out, for their files cannot be had here: {listed(sorted(missing))}"
    return [told] if missing else []


def _asks_for_english(lang: str, access: Access) -> bool:
    names = [text.strip() for text in lang.split(",") if text.strip()]
    english = resolve("en")
    return any(
        text in ENGLISH or find_language(text, access=access).same_language(english)
        for text in names
    )


def _from_table(path: Path, lang: str, limit: int | None) -> ManyWay:
    header = read_header(path)
    labels = next((name for name in ("topic", "label") if name in header), None)
    columns = [name for name in header if name not in LABEL_COLUMNS]
    codes = columns if lang == ALL else _columns(path, lang, columns)
    others = set(header) - set(codes) - {labels}
    rows = list(read_tsv(path, header, header=True, empty=others))[:limit]
    return ManyWay(
        path.name,
        tuple(codes),
        tuple(language_of(f"{path}:1", code) for code in codes),
        tuple(tuple(row.cells[header.index(code)] for row in rows) for code in codes),
        tuple(row.cells[header.index(labels)] for row in rows) if labels else (),
    )


def _columns(path: Path, lang: str, columns: Sequence[str]) -> list[str]:
    """The columns of languages that were asked for."""
    found = []
    for text in (part.strip() for part in lang.split(",")):
        code = text if text in columns else resolve(text).code_in(columns)
        if code is None:
            near = did_you_mean(text, columns)
            raise InputError(f"{path}:1: no column {text}{near}; it has: {listed(columns)}")
        found.append(code)
    return list(dict.fromkeys(found))
