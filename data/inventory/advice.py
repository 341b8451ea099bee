"""Where one more resource would help most: for whom it is meant decides, so that is asked.

    advise(table, "lexicon", goal="speakers")      # the most people reached
    advise(table, "tagged", goal="families")       # a family that has none, a language each

The goals:

speakers   the most people reached
genera     a genus that has none of it (one language can add one genus), the largest first
families   the same by family; isolates are families of their own
cost       what is cheapest: languages that have what this kind can be made from (MADE_FROM), so
           that a lexicon comes out of parallel text, or tagged text out of a lexicon
urgent     languages that are passing: endangered ones of which no text is known, those with the
           most speakers left first

Endangerment weighs: who learns a language from grandparents alone will hardly make a corpus of it,
so speakers count by WEIGHTS in all goals but the last. A doubtful number of speakers
(data.inventory.speakers) counts for nothing: the language is passed over where speakers decide.
Critically endangered languages are advised under `urgent` only, extinct ones nowhere.

Each row says what is known where it stands: `exists`, the kinds of data that lists name; `models`;
`listed`, how many facts lists have of it. No list is whole: a lexicon in print, or on a disk, is in
none of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, get_args

from data.errors import InputError
from data.inventory.query import has_kind
from data.inventory.schema import counted, existing
from data.resources.listed import DATA_KINDS

if TYPE_CHECKING:
    import polars

Goal = Literal["speakers", "genera", "families", "cost", "urgent"]
GOALS: tuple[Goal, ...] = get_args(Goal)

# How much a speaker counts by UNESCO's scale; unknown is as vulnerable.
WEIGHTS: Mapping[str, float] = {
    "Not endangered": 1.0,
    "Vulnerable": 0.9,
    "Definitely endangered": 0.5,
    "Severely endangered": 0.2,
    "Critically endangered": 0.05,
    "Extinct": 0.0,
}
UNKNOWN_WEIGHT = 0.9
CRITICAL = "Critically endangered"
PASSING = ("Definitely endangered", "Severely endangered", CRITICAL)

# What a kind can be made from with this project: lexaug.induce, lexaug.synthesize, training.
MADE_FROM: Mapping[str, tuple[str, ...]] = {
    "lexicon": ("parallel",),
    "inflection": ("tagged", "lexicon"),
    "tagged": ("lexicon",),
    "parallel": ("lexicon", "text"),
    "utterances": ("lexicon", "parallel"),
    "labelled": ("lexicon", "parallel"),
    "test_set": ("parallel",),
    "text": ("lexicon", "scripture"),
    "speech": ("text",),
    "pronunciation": ("lexicon",),
    "word_list": ("text", "lexicon"),
    "scripture": ("text",),
}
COLUMNS = (
    "glottocode",
    "bcp47",
    "name",
    "genus",
    "family",
    "endangerment",
    "speakers",
    "exists",
    "models",
    "listed",
)


def advise(
    table: polars.DataFrame, kind: str, goal: Goal = "speakers", n: int = 10
) -> polars.DataFrame:
    """The languages for which one more resource of this kind would help most.

    Columns: COLUMNS; `languages`, how many the genus or family has (null for other goals); `from`,
    what is there that it can be made from.

    Args:
        table: an inventory's table.
        kind: of data.resources.listed.DATA_KINDS.
        n: how many, at most.

    Raises:
        InputError: no such kind or goal.
    """
    import polars as pl

    if goal not in GOALS:
        raise InputError(f'expected a goal ({", ".join(GOALS)}), found "{goal}"')
    if kind not in DATA_KINDS:
        raise InputError(f'expected a kind of resource ({", ".join(DATA_KINDS)}), found "{kind}"')
    wanted = _candidates(table, kind)
    if goal != "urgent":
        wanted = wanted.filter(pl.col("endangerment").fill_null("") != CRITICAL)
    if goal in ("genera", "families"):
        found = _new_groups(counted(table), wanted, kind, goal)
    else:
        found = _ranked(wanted, kind, goal)
    return found.select(*COLUMNS, "languages", "from").head(n)


def _candidates(table: polars.DataFrame, kind: str) -> polars.DataFrame:
    """The living languages that lack a kind, with their weight; doubtful figures weigh nothing."""
    import polars as pl

    weights = pl.col("endangerment").replace_strict(
        dict(WEIGHTS), default=UNKNOWN_WEIGHT, return_dtype=pl.Float64
    )
    made_from = existing().list.set_intersection(list(MADE_FROM[kind]))
    return (
        counted(table)
        .filter(~has_kind(kind), pl.col("endangerment").fill_null("") != "Extinct")
        .with_columns(
            (pl.col("speakers_alone") * weights).alias("weighed"),
            pl.col("speakers_alone").alias("speakers"),
            pl.lit(None, dtype=pl.Int64).alias("languages"),
            made_from.alias("from"),
        )
    )


def _ranked(wanted: polars.DataFrame, kind: str, goal: Goal) -> polars.DataFrame:
    """By speakers; by what it can be made from, then speakers; or those that are passing."""
    import polars as pl

    order = ["weighed", "name"]
    if goal == "cost":
        needed = len(MADE_FROM[kind])
        lacking = needed - pl.col("from").list.len().cast(pl.Int64)
        return wanted.filter(pl.col("weighed").is_not_null(), pl.col("from").list.len() > 0).sort(
            [lacking, *order], descending=[False, True, False], nulls_last=True
        )
    if goal == "urgent":
        texts = existing().list.set_intersection(["text", "parallel", "speech"]).list.len()
        passing = pl.col("endangerment").is_in(PASSING) & pl.col("speakers_doubt").is_null()
        return wanted.filter(passing, texts == 0, pl.col("speakers") > 0).sort(
            ["speakers", "name"], descending=[True, False], nulls_last=True
        )
    return wanted.filter(pl.col("weighed").is_not_null()).sort(
        order, descending=[True, False], nulls_last=True
    )


def _new_groups(
    languages: polars.DataFrame, wanted: polars.DataFrame, kind: str, goal: Goal
) -> polars.DataFrame:
    """A language for each group without the kind: the one with most weighed speakers."""
    import polars as pl

    column = "genus" if goal == "genera" else "family"
    alone = pl.when(pl.col("is_isolate").fill_null(False)).then(pl.col("name"))
    group = pl.col("genus") if column == "genus" else pl.coalesce("family", alone)
    covered = languages.filter(has_kind(kind)).select(group.alias("group"))["group"].drop_nulls()
    sizes = languages.group_by(group.alias("group")).agg(pl.len().cast(pl.Int64).alias("size"))
    return (
        wanted.with_columns(group.alias("group"))
        .filter(
            pl.col("group").is_not_null(),
            ~pl.col("group").is_in(covered.unique().to_list()),
            pl.col("weighed") > 0,
        )
        .sort(["weighed", "name"], descending=[True, False], nulls_last=True)
        .unique("group", keep="first", maintain_order=True)
        .join(sizes, on="group")
        .with_columns(pl.col("size").alias("languages"))
        .sort(["languages", "weighed", "name"], descending=[True, True, False])
    )
