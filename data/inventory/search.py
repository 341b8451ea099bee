"""Finding a language: any code, any name, in any spelling; the one search of the app and the shell.

    search(inventory.table, "Kiswahili")[0].glottocode      # swah1253
    [hit.name for hit in search(inventory.table, "swahilli")]

Best first: what a code says (`sw-KE`, `ger`, `zh-CN`, `swh_Latn`, `swah1253`); what is so called in
English or in the language itself; what has the name among its others; names that begin with the
text; names in which all its words stand; and, where there is none of these, names that differ in a
few letters. Among equals, languages come before dialects and bookkeeping entries, and those of more
speakers first. Case, diacritics, apostrophes and hyphens do not count.

The names are those of Glottolog (its alternative names too, where its table `names.csv` is there),
LinguaMeta, WALS, the IANA registry, CLDR, and of the data sets that list the language.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from data.errors import InputError
from data.inventory.facts import BETWEEN
from data.inventory.schema import NOT_COUNTED, Inventory
from data.language_names import LONGEST, search_key
from data.languages import Language, from_code

if TYPE_CHECKING:
    import polars

How = Literal["code", "name", "other name", "beginning", "part", "near"]
MOST_NAMED = 3  # languages in a message
SHORTEST = 4  # letters of a text that may be misspelt: of three, everything is near
LETTERS_A_FAULT = 4  # a misspelling may differ in one letter of so many, in MOST_FAULTS at most
MOST_FAULTS = 3


@dataclass(frozen=True, slots=True)
class Hit:
    """A language that a text may mean.

    how: what of the language answers to it. matched: the name or code that does, as it is folded.
    """

    glottocode: str
    bcp47: str | None
    name: str
    endonym: str | None
    category: str
    how: How
    matched: str

    @property
    def code(self) -> str:
        """The code to name it by: its tag, else its glottocode."""
        return self.bcp47 or self.glottocode


def search(table: polars.DataFrame, text: str, limit: int = 10) -> list[Hit]:
    """The languages that a text may mean, best first; none for a text that is empty or too long.

    Args:
        table: an inventory's table, or part of it.
    """
    found = ranked(table, text)
    rows = [_hit(row) for row in found.head(limit).iter_rows(named=True)]
    return rows or list(_near(table, search_key(text), limit))


def ranked(table: polars.DataFrame, text: str) -> polars.DataFrame:
    """The rows that a text finds, without misspellings, best first.

    Columns: those of the table, `how` and `matched`.
    """
    import polars as pl

    key = search_key(text) if len(text) <= LONGEST else ""
    if not key:
        return table.head(0).with_columns(pl.lit("").alias("how"), pl.lit("").alias("matched"))
    code = row_of_code(table, text)
    names = pl.concat_str(pl.lit(BETWEEN), pl.col("search").fill_null(""), pl.lit(BETWEEN))
    words = [pl.col("search").str.contains(word, literal=True) for word in key.split()]
    main = pl.lit(pl.Series("main", _main_names(table, key), dtype=pl.List(pl.String)))
    rank = (
        pl.when(pl.col("glottocode") == (code or ""))
        .then(0)
        .when(main.list.contains(key))
        .then(1)
        .when(names.str.contains(f"{BETWEEN}{key}{BETWEEN}", literal=True))
        .then(2)
        .when(main.list.eval(pl.element().str.starts_with(key)).list.any())
        .then(3)
        .when(main.list.eval(pl.element().str.contains(key, literal=True)).list.any())
        .then(4)
        .when(names.str.contains(f"{BETWEEN}{key}", literal=True))
        .then(5)
        .when(pl.all_horizontal(words).fill_null(False))
        .then(6)
    )
    hows = ["code", "name", "other name", "beginning", "part", "beginning", "part"]
    return (
        table.with_columns(rank.alias("rank"))
        .filter(pl.col("rank").is_not_null())
        .sort(["rank", *_order()], maintain_order=True)
        .with_columns(
            pl.col("rank")
            .replace_strict(range(len(hows)), hows, return_dtype=pl.String)
            .alias("how"),
            pl.lit(key).alias("matched"),
        )
        .drop("rank")
    )


def _main_names(table: polars.DataFrame, key: str) -> list[list[str]]:
    """The name in English and the own name of each row whose names hold the text."""
    holds = table["search"].str.contains(key, literal=True).fill_null(False)
    named = zip(holds, table["name"], table["endonym"], strict=True)
    return [[search_key(name) for name in names if held and name] for held, *names in named]


def _order() -> list[polars.Expr]:
    """Languages before what is not counted, then most speakers first, then by name."""
    import polars as pl

    counted = pl.col("category").is_in(NOT_COUNTED).fill_null(False)
    return [counted, -pl.col("speakers").fill_null(-1), pl.col("name")]


def _hit(row: dict[str, Any]) -> Hit:
    columns = ("glottocode", "bcp47", "name", "endonym", "category", "how", "matched")
    return Hit(*(row[column] for column in columns))


def row_of_code(table: polars.DataFrame, text: str) -> str | None:
    """The glottocode of the row that a code or a built-in name means, None where it means none.

    A tag in its own row comes before one that another row includes, as Croatian's `hr`.
    """
    text = text.strip()
    if text in table["glottocode"]:
        return text
    language = from_code(text)
    return row_of_language(table, language) if language else None


def row_of_language(table: polars.DataFrame, language: Language) -> str | None:
    """The glottocode of a language's row; None where it has none."""
    found = (_first(table, column, value) for column, value in _ways(language))
    return next(filter(None, found), None)


def _ways(language: Language) -> tuple[tuple[str, str | None], ...]:
    """Under which columns and values a language's row may be found, the surest first."""
    return (
        ("bcp47", language.bcp47),
        ("iso639_3", language.iso639_3),
        ("includes", language.bcp47),
        ("glottocode", language.glottocode),
        ("iso639_3", language.individual),
    )


class RowsOfLanguages:
    """`row_of_language` for thousands of languages of one table."""

    def __init__(self, table: polars.DataFrame) -> None:
        self._codes: dict[tuple[str, str], str] = {}
        for name in ("bcp47", "iso639_3", "includes", "glottocode"):
            cells = table.select(name, table["glottocode"].alias("row"))
            rows = cells.explode(name) if name == "includes" else cells
            for value, code in rows.drop_nulls().iter_rows():
                self._codes.setdefault((name, value), code)

    def __call__(self, language: Language) -> str | None:
        """The glottocode of a language's row; None where it has none."""
        ways = ((name, value) for name, value in _ways(language) if value)
        return next((self._codes[way] for way in ways if way in self._codes), None)


def _first(table: polars.DataFrame, column: str, value: str | None) -> str | None:
    import polars as pl

    if value is None:
        return None
    cell = pl.col(column)
    found = table.filter(cell.list.contains(value) if column == "includes" else cell == value)
    return str(found["glottocode"][0]) if found.height else None


def find(inventory: Inventory, text: str) -> str:
    """The glottocode of the row that a code or name means.

    A code wins over a name, the main name over others. A dialect with an ISO 639-3 code has a row
    of its own (`hr`, `nr`), a macrolanguage leads to the language that it mostly means (`ku`).

    Raises:
        InputError: no language answers to the text, several do, or it has no row; those that may
            be meant are named (`suggestions` gives them as hits).
    """
    from data.languages import resolve

    table = inventory.table
    code = row_of_code(table, text)
    if code:
        return code
    hits = _exact(table, text)
    if len(hits) == 1:
        return hits[0].glottocode
    if hits:
        raise InputError(f'"{text}" names several languages: {_listed(hits)}; give a code')
    try:
        language = resolve(text)
    except InputError as error:
        near = _listed(list(suggestions(inventory, text))[:3])
        told = "did you mean" in str(error) or "names several" in str(error)
        if told or not near:
            raise
        raise InputError(f'unknown language "{text}"; did you mean {near}?') from error
    row = row_of_language(table, language)
    if row is None:
        who = f"{language.name} ({language.bcp47})"
        raise InputError(f"{who} has no row in the inventory; {_hint(inventory, language)}")
    return row


def _exact(table: polars.DataFrame, text: str) -> list[Hit]:
    """The languages with exactly this name: those whose main name it is, else any."""
    hits = [hit for hit in search(table, text, limit=50) if hit.how in ("name", "other name")]
    languages = [hit for hit in hits if hit.category != "bookkeeping"] or hits
    return [hit for hit in languages if hit.how == "name"] or languages


def suggestions(inventory: Inventory, text: str, limit: int = 8) -> list[Hit]:
    """What a text that `find` refuses may have meant: members of a macrolanguage, near names."""
    import polars as pl

    language = from_code(text)
    if language and not row_of_language(inventory.table, language):
        members = inventory.table.filter(pl.col("macrolanguage") == language.bcp47)
        marked = members.with_columns(
            pl.lit("other name").alias("how"), pl.lit(search_key(language.name)).alias("matched")
        )
        hits = [_hit(row) for row in marked.sort(_order()).head(limit).iter_rows(named=True)]
        # A code of several languages, nah: those that are called so.
        return hits or search(inventory.table, language.name.removesuffix(" languages"), limit)
    return search(inventory.table, text, limit)


def _listed(hits: Iterable[Hit]) -> str:
    return " or ".join(f"{hit.name} ({hit.code})" for hit in hits)


def _hint(inventory: Inventory, language: Language) -> str:
    import polars as pl

    members = inventory.table.filter(pl.col("macrolanguage") == language.bcp47)
    tags = members["bcp47"].drop_nulls().to_list()
    if tags:
        return f"its members have: {', '.join(sorted(tags))}"
    near = _listed(suggestions(inventory, language.bcp47, MOST_NAMED))
    if near:
        return f"did you mean {near}?"
    return (
        "python -m data.inventory --rebuild says what is missing"
        if inventory.notes
        else "give another code of it"
    )


def _near(table: polars.DataFrame, key: str, limit: int) -> Iterator[Hit]:
    """Names that differ from the text in a few letters, the nearest first."""
    import polars as pl

    most = min(MOST_FAULTS, len(key) // LETTERS_A_FAULT)
    if len(key) < SHORTEST:
        return
    names = (
        table.lazy()
        .select("glottocode", pl.col("search").str.split(BETWEEN).alias("matched"))
        .explode("matched")
        .filter((pl.col("matched").str.len_chars().cast(pl.Int64) - len(key)).abs() <= most)
        .collect()
    )
    letters = _letters(key)
    far = 2 * most  # a letter for another changes two counts
    near: dict[str, tuple[int, str]] = {}
    for code, name in names.iter_rows():
        if (_letters(name) ^ letters).bit_count() <= far:
            faults = distance(key, name, most)
            if faults <= near.get(code, (most, ""))[0]:
                near[code] = (faults, name)
    rows = table.filter(pl.col("glottocode").is_in(list(near))).sort(_order())
    found = [
        row | {"how": "near", "matched": near[row["glottocode"]][1]}
        for row in rows.iter_rows(named=True)
    ]
    found.sort(key=lambda row: near[row["glottocode"]][0])
    yield from map(_hit, found[:limit])


def _letters(name: str) -> int:
    """Which letters a name has, as bits: names that differ in many are not compared."""
    bits = 0
    for letter in name:
        bits |= 1 << (ord(letter) & 63)
    return bits


def distance(left: str, right: str, most: int) -> int:
    """Letters to put in, take out, replace or swap (Damerau 1964); `most` + 1 where it is more.

    >>> distance("swahilli", "swahili", 2), distance("yoruuba", "yoruba", 2)
    (1, 1)
    >>> distance("zulu", "luzu", 1)
    2
    """
    before: list[int] = []
    last = list(range(len(right) + 1))
    for at, letter in enumerate(left, 1):
        row = [at]
        for to, other in enumerate(right, 1):
            cost = min(last[to] + 1, row[-1] + 1, last[to - 1] + (letter != other))
            if at > 1 and to > 1 and letter == right[to - 2] and left[at - 2] == other:
                cost = min(cost, before[to - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
        before, last = last, row
    return min(last[-1], most + 1)
