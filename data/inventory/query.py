"""Questions to an inventory's table: which languages, how many, what is missing where.

    select(table, genus="Bantu", script="Latn", missing="lexicon")
    counts(table, "family")
    gaps(table, "genus")

All are pure functions from a table to a table, so that the command line, the app and a notebook
get the same answers. Unknown is not zero: a language whose resources are unknown neither has a kind
nor lacks it, and a sum over none but unknown figures is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from data.errors import InputError
from data.inventory.named_groups import groups_called
from data.inventory.references import massive_glottocodes
from data.inventory.schema import ISOLATE, KINDS, NONE, counted, existing
from data.inventory.search import ranked, row_of_code
from data.resources.listed import DATA_KINDS

if TYPE_CHECKING:
    import polars

GROUPINGS = {"genus": "genus", "family": "family", "script": "scripts"}
UNKNOWN_KIND = f"expected a kind of resource ({', '.join(DATA_KINDS)}), found "

Texts = str | Iterable[str]


def select(
    table: polars.DataFrame,
    *,
    genus: Texts = (),
    family: Texts = (),
    script: Texts = (),
    macroarea: Texts = (),
    country: Texts = (),
    endangerment: Texts = (),
    category: Texts = (),
    resource_class: Iterable[int] = (),
    has: Texts = (),
    missing: Texts = (),
    text: str = "",
    sign: bool | None = None,
    limit: int | None = None,
) -> polars.DataFrame:
    """The rows that meet every condition, in one pass.

    Of the values of one condition any will do: `script=("Latn", "Arab")` is either; but of `has`
    and `missing` all must be met. `(none)` and `(isolate)` stand for what counts calls so.

    Args:
        genus, family: WALS's genus, Glottolog's family; a name that no language of the table
            has is taken as that of any group of Glottolog's tree (Bantoid, Romance), or as a name
            that others use (Niger-Congo); case and hyphens do not count.
        script, country: codes of ISO 15924 and ISO 3166-1.
        has, missing: kinds of resource, of data.resources.listed.DATA_KINDS, that exist at all.
        category: spoken, sign ...; without one, entries that are no languages (NOT_COUNTED) are
            left out.
        text: a code, or words that must all stand in the names and codes; case and diacritics are
            ignored. The rows are then in the order of `data.inventory.search`, exact ones first.
        sign: True for sign languages only, False for all others.
        limit: the first rows only.

    Raises:
        InputError: `has` or `missing` names no kind of resource.
    """
    import polars as pl

    conditions = [
        _in_group(table, "genus", _texts(genus)),
        _in_group(table, "family", _texts(family)),
        _any_of("scripts", _texts(script)),
        _one_of("macroarea", _texts(macroarea)),
        _any_of("countries", _texts(country)),
        _one_of("endangerment", _texts(endangerment)),
        _one_of("category", _texts(category)),
        _of_class(resource_class),
        *(has_kind(kind) for kind in _texts(has)),
        *(~has_kind(kind) for kind in _texts(missing)),
        None if sign is None else (pl.col("category") == "sign") == sign,
    ]
    stated = [condition for condition in conditions if condition is not None]
    if not _texts(category):
        table = counted(table)
    found = table.filter(*stated) if stated else table
    if text.strip():
        found = _searched(table, found, text)
    return found if limit is None else found.head(limit)


def counts(table: polars.DataFrame, by: str) -> polars.DataFrame:
    """Languages and speakers of every genus, family or script, most languages first.

    Columns: value; languages; speakers (`speakers_alone` summed, so nobody is counted twice
    within a group; null where none is known); massive, how many of them MASSIVE has. A language
    with several scripts counts under each. Bookkeeping entries are no languages and left out.
    """
    import polars as pl

    in_massive = pl.col("glottocode").is_in(massive_glottocodes())
    return (
        _grouped(table, by)
        .group_by("value")
        .agg(
            pl.len().cast(pl.Int64).alias("languages"),
            _sum_of_known(pl.col("speakers_alone")).alias("speakers"),
            in_massive.sum().cast(pl.Int64).alias("massive"),
        )
        .sort(["languages", "value"], descending=[True, False])
    )


def gaps(
    table: polars.DataFrame, by: str = "family", kinds: Sequence[str] = KINDS
) -> polars.DataFrame:
    """How many languages of each group have each kind of resource, wherever it is.

    Columns: value, languages, and one a kind; most languages first.
    """
    import polars as pl

    return (
        _grouped(table, by)
        .group_by("value")
        .agg(
            pl.len().cast(pl.Int64).alias("languages"),
            *(_sum_of_known(has_kind(kind).cast(pl.Int64)).alias(kind) for kind in kinds),
        )
        .sort(["languages", "value"], descending=[True, False])
    )


def _searched(table: polars.DataFrame, found: polars.DataFrame, text: str) -> polars.DataFrame:
    """The rows that a text finds; only that of a code, where the text is one."""
    import polars as pl

    code = row_of_code(table, text)
    if code:
        return found.filter(pl.col("glottocode") == code)
    return ranked(found, text).drop("how", "matched")


def _texts(values: Texts) -> tuple[str, ...]:
    return (values,) if isinstance(values, str) else tuple(values)


def has_kind(kind: str) -> polars.Expr:
    """Whether a kind of resource exists for a language; null where that is unknown.

    Raises:
        InputError: no such kind.
    """
    if kind not in DATA_KINDS:
        raise InputError(f'{UNKNOWN_KIND}"{kind}"')
    return existing().list.contains(kind)


def _one_of(column: str, values: tuple[str, ...]) -> polars.Expr | None:
    import polars as pl

    if not values:
        return None
    found = pl.col(column).is_in(values)
    return found.fill_null(False) | pl.col(column).is_null() if NONE in values else found


def _any_of(column: str, values: tuple[str, ...]) -> polars.Expr | None:
    import polars as pl

    if not values:
        return None
    found = pl.any_horizontal(*(pl.col(column).list.contains(value) for value in values))
    return found.fill_null(False) | pl.col(column).is_null() if NONE in values else found


def _of_class(values: Iterable[int]) -> polars.Expr | None:
    import polars as pl

    wanted = [values] if isinstance(values, int) else list(values)
    return pl.col("resource_class").is_in(wanted) if wanted else None


def _in_group(table: polars.DataFrame, column: str, values: tuple[str, ...]) -> polars.Expr | None:
    """Languages of a genus or family, or of a group of Glottolog's tree of that name."""
    import polars as pl

    if not values:
        return None
    label = _label(column)
    called = {value: groups_called(table, value) for value in values}
    names = {name for groups in called.values() for name in groups}
    groups = names - {ISOLATE, NONE} - set(table[column].unique())
    groups |= {name for value, own in called.items() if (value,) != own for name in own}
    in_tree = [pl.col("groups").list.contains(name).fill_null(False) for name in sorted(groups)]
    alone = pl.col("is_isolate").fill_null(False) & pl.col("name").is_in(sorted(groups))
    return pl.any_horizontal(label.is_in(sorted(names)), alone, *in_tree)


def _label(column: str) -> polars.Expr:
    """A group's name, `(isolate)` or `(none)`."""
    import polars as pl

    if column != "family":
        return pl.col(column).fill_null(NONE)
    alone = pl.when(pl.col("is_isolate").fill_null(False)).then(pl.lit(ISOLATE))
    return pl.coalesce(pl.col("family"), alone.otherwise(pl.lit(NONE)))


def _grouped(table: polars.DataFrame, by: str) -> polars.DataFrame:
    """The table with a column `value`, one row a language and group; no bookkeeping entries."""
    if by not in GROUPINGS:
        raise InputError(f'expected one of {", ".join(GROUPINGS)} to group by, found "{by}"')
    column = GROUPINGS[by]
    languages = counted(table)
    if column == "scripts":
        languages = languages.explode("scripts")
    return languages.with_columns(_label(column).alias("value"))


def _sum_of_known(figure: polars.Expr) -> polars.Expr:
    """A sum that is unknown where every figure is; polars would call it 0."""
    import polars as pl

    return pl.when(figure.count() > 0).then(figure.sum())
