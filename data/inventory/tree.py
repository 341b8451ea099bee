"""Glottolog's tree with what exists on every node: languages, speakers, and shares of both.

    tree = Tree(load_inventory().table, kinds=("lexicon", "tagged"), need="all")
    tree.below("indo1319")          # a row for each branch and language of Indo-European
    tree.path("swah1253")           # from the family down

A node is a group of Glottolog's classification, known by its glottocode, or a language. Languages
that stand in no tree of descent are gathered in nodes of their own at the top: isolates, and what
is no family (sign languages, pidgins ...). Bookkeeping entries are no languages and left out.

    python -c "from data.inventory import load_inventory as load; \
from data.inventory.tree import Tree; print(Tree(load().table).below())"

`gaps_by_speakers` asks the same of any grouping: how many speakers of each group have, and lack,
some kinds of resource at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from data.errors import InputError
from data.inventory.schema import ISOLATE, NONE, counted, existing
from data.resources.listed import DATA_KINDS

if TYPE_CHECKING:
    import polars

Need = Literal["any", "all"]
NEEDS: tuple[Need, ...] = ("any", "all")
GROUP, LANGUAGE = "group", "language"
SUBGROUPS = "subgroup"  # of `gaps_by_speakers`: every node of the tree
# What stands at the top of the tree and is no family, and what it is called.
NO_FAMILY = {
    ISOLATE: "Isolates",
    NONE: "In no classification",
    "sign": "Sign languages",
    "pidgin": "Pidgins",
    "mixed": "Mixed languages",
    "artificial": "Artificial languages",
    "register": "Speech registers",
    "unattested": "Unattested languages",
    "unclassifiable": "Unclassifiable languages",
}
# What languages can be grouped by, and the column that says so.
LEVELS = {
    "family": "family",
    "genus": "genus",
    "script": "scripts",
    "macroarea": "macroarea",
    SUBGROUPS: "lineage",
}


@dataclass(frozen=True)
class Tree:
    """Every node with its figures; made once for a set of kinds, then opened node by node.

    Args:
        table: an inventory's table.
        kinds: the kinds of resource that are asked about; none: anything at all.
        need: whether any of them will do, or all are needed.

    Raises:
        InputError: no such kind, or another need.
    """

    table: polars.DataFrame
    kinds: tuple[str, ...] = ()
    need: Need = "any"
    groups: polars.DataFrame = field(init=False)
    leaves: polars.DataFrame = field(init=False)

    def __post_init__(self) -> None:
        leaves = _leaves(self.table, self.kinds, self.need)
        object.__setattr__(self, "leaves", leaves)
        object.__setattr__(self, "groups", _groups(leaves))

    def below(self, node: str | None = None) -> polars.DataFrame:
        """The children of a node, or the top: groups first, by number of languages, then languages.

        Columns: glottocode; name; level, "group" or "language"; languages; having, how many of
        them have what is asked for; speakers and speakers_having (null where no figure is known);
        one a kind, how many languages have it.

        Raises:
            InputError: no group has this glottocode.
        """
        import polars as pl

        at = "" if node is None else node
        groups = self.groups.filter(pl.col("parent") == at)
        own = self.leaves.filter(pl.col("parent") == at)
        if groups.is_empty() and own.is_empty():
            raise InputError(f'no group of the tree has the glottocode "{node}"; {HOW}')
        return pl.concat(
            [
                groups.sort("languages", "name", descending=[True, False]).select(COLUMNS),
                own.sort("speakers", "name", descending=[True, False], nulls_last=True).select(
                    COLUMNS
                ),
            ]
        )

    def node(self, glottocode: str) -> dict[str, object]:
        """The figures of a group or language, as `below` has them.

        Raises:
            InputError: the tree has no such node.
        """
        import polars as pl

        for nodes in (self.groups, self.leaves):
            found = nodes.filter(pl.col("glottocode") == glottocode)
            if found.height:
                return found.select(COLUMNS).row(0, named=True)
        raise InputError(f'the tree has no node "{glottocode}"; {HOW}')

    def path(self, glottocode: str) -> list[tuple[str, str]]:
        """The nodes from the top down to a group or language, this included: code and name.

        Raises:
            InputError: the tree has no such node.
        """
        steps = []
        nodes = {
            code: (parent, name)
            for frame in (self.leaves, self.groups)
            for code, parent, name in frame.select("glottocode", "parent", "name").iter_rows()
        }
        here = glottocode
        while here:
            if here not in nodes:
                raise InputError(f'the tree has no node "{here}"; {HOW}')
            parent, name = nodes[here]
            steps.append((here, name))
            here = parent
        return steps[::-1]


HOW = "python -m data.inventory --lang NAME shows the groups of a language"
COLUMNS = (
    "glottocode",
    "name",
    "level",
    "languages",
    "having",
    "speakers",
    "speakers_having",
    *DATA_KINDS,
)


def gaps_by_speakers(
    table: polars.DataFrame,
    level: str = "family",
    kinds: Iterable[str] = (),
    need: Need = "any",
) -> polars.DataFrame:
    """Groups by the speakers who lack some kinds of resource: where most people are without.

    Columns: value, the group (of `subgroup` its glottocode); name; languages; having; speakers;
    speakers_having; speakers_lacking. Those whose resources are unknown neither have nor lack.
    A language with several scripts counts under each, with all of its speakers: how many of them
    write it nobody knows. Countries are no level: a language's figure is of all its countries.

    Args:
        table: an inventory's table.
        level: one of LEVELS.
        kinds: the kinds of resource; none: anything at all.
        need: whether a language has them with any, or with all of these.

    Raises:
        InputError: no such level or kind.
    """
    import polars as pl

    if level not in LEVELS:
        raise InputError(f'expected one of {", ".join(LEVELS)} to group by, found "{level}"')
    leaves = _leaves(table, tuple(kinds), need)
    if level == SUBGROUPS:
        grouped = _groups(leaves).with_columns(pl.col("glottocode").alias("value"))
    else:
        column = LEVELS[level]
        rows = leaves.explode(column) if leaves.schema[column] == pl.List else leaves
        rows = rows.filter(pl.col(column).is_not_null())
        grouped = rows.group_by(pl.col(column).alias("value")).agg(*_figures())
        grouped = grouped.with_columns(pl.col("value").alias("name"))
    lacking = (pl.col("speakers") - pl.col("speakers_having")).alias("speakers_lacking")
    return (
        grouped.with_columns(lacking)
        .select(
            "value",
            "name",
            "languages",
            "having",
            "speakers",
            "speakers_having",
            "speakers_lacking",
        )
        .sort(
            "speakers_lacking",
            "languages",
            "value",
            descending=[True, True, False],
            nulls_last=True,
        )
    )


def has(kinds: Iterable[str] = (), need: Need = "any") -> polars.Expr:
    """Whether a language has any or all of these kinds; null where its resources are unknown.

    Raises:
        InputError: no such kind, or another need.
    """
    import polars as pl

    wanted = tuple(dict.fromkeys(kinds))
    for kind in wanted:
        if kind not in DATA_KINDS:
            raise InputError(
                f'expected a kind of resource ({", ".join(DATA_KINDS)}), found "{kind}"'
            )
    if need not in NEEDS:
        raise InputError(f'expected any or all, found "{need}"')
    if not wanted:
        return existing().list.len() > 0
    each = [existing().list.contains(kind) for kind in wanted]
    return pl.all_horizontal(each) if need == "all" else pl.any_horizontal(each)


def _leaves(table: polars.DataFrame, kinds: tuple[str, ...], need: Need) -> polars.DataFrame:
    """The languages with the figures of a node, each with the nodes above it."""
    import polars as pl

    asked = has(kinds, need).cast(pl.Int64)
    known = pl.col("speakers_alone")
    top = (
        pl.when(pl.col("category") != "spoken")
        .then(pl.col("category"))
        .when(pl.col("is_isolate").fill_null(False))
        .then(pl.lit(ISOLATE))
        .otherwise(pl.lit(NONE))
    )
    lineage = pl.col("lineage").fill_null([])
    placed = lineage.list.len() > 0
    return counted(table).select(
        "glottocode",
        "name",
        pl.lit(LANGUAGE).alias("level"),
        pl.lit(1, dtype=pl.Int64).alias("languages"),
        asked.alias("having"),
        known.alias("speakers"),
        pl.when(asked.is_not_null()).then(known * asked).alias("speakers_having"),
        *(existing().list.contains(kind).cast(pl.Int64).alias(kind) for kind in DATA_KINDS),
        pl.when(placed).then(lineage).otherwise(pl.concat_list(top)).alias("lineage"),
        pl.when(placed)
        .then(pl.col("groups").fill_null([]))
        .otherwise(pl.concat_list(top.replace(NO_FAMILY)))
        .alias("groups"),
        pl.when(placed).then(lineage.list.last()).otherwise(top).alias("parent"),
        pl.coalesce("family", pl.when("is_isolate").then(pl.lit(ISOLATE))).alias("family"),
        "genus",
        "macroarea",
        "scripts",
    )


def _groups(leaves: polars.DataFrame) -> polars.DataFrame:
    """The groups above some languages, each with the sums of what is below it."""
    import polars as pl

    above = leaves.with_columns(
        pl.concat_list(
            pl.lit(""), pl.col("lineage").list.head(pl.col("lineage").list.len() - 1)
        ).alias("parents")
    ).drop("parent", "glottocode", "name")
    return (
        above.explode("lineage", "groups", "parents")
        .group_by(pl.col("lineage").alias("glottocode"))
        .agg(
            pl.col("groups").first().alias("name"),
            pl.col("parents").first().alias("parent"),
            *_figures(),
        )
        .with_columns(pl.lit(GROUP).alias("level"))
    )


def _figures() -> list[polars.Expr]:
    """The sums of a node; of nothing but unknown figures the sum is unknown."""
    import polars as pl

    summed = ("having", "speakers", "speakers_having", *DATA_KINDS)
    known = [
        pl.when(pl.col(name).count() > 0).then(pl.col(name).sum()).alias(name) for name in summed
    ]
    return [pl.len().cast(pl.Int64).alias("languages"), *known]
