"""What the map's colours say: family, area, class, a resource, endangerment, a feature, accuracy.

    colouring = by_family(selected, everything)
    colouring = by_column("endangerment", selected)
    colouring.labels, colouring.marks             # what each language is drawn as; the legend

A colour never stands alone: every label has a shape of its own in its legend, and steps of a scale
get darker from the first to the last. `chosen` makes one from its name in the page's address.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.texts import KIND_NAMES, UNKNOWN
from data.inventory import KINDS
from data.inventory.references import ENDANGERMENT
from data.inventory.schema import existing

if TYPE_CHECKING:
    import polars

    from data.typology import Typology

# Colours that people with colour-vision deficiencies tell apart (Okabe and Ito; Tol), each with
# every shape before one repeats: the largest 80 families of the world have a mark of their own.
COLOURS = (
    *("#0072b2", "#d55e00", "#009e73", "#aa3377", "#b8860b"),
    *("#56b4e9", "#5b3ea8", "#7a5230", "#e7298a", "#4d4d4d"),
)
# Steps from little to much, of equal lightness distance (viridis, from light to dark, cut at six).
STEPS = ("#c8b400", "#6ab34a", "#2a9d8f", "#2c7fa0", "#3d4f8f", "#440154")
# SVG paths within a square from -1 to 1.
SHAPES = (
    "M1,0A1,1,0,1,1,-1,0A1,1,0,1,1,1,0Z",  # circle
    "M0,-.87L-1,.87H1Z",  # triangles: up
    "M-.89,-.89H.89V.89H-.89Z",  # square
    "M-1,0L0,-1L1,0L0,1Z",  # diamond
    "M-1,-.4H-.4V-1H.4V-.4H1V.4H.4V1H-.4V.4H-1Z",  # cross
    "M0,.87L-1,-.87H1Z",  # down
    "M.87,0L-.87,-1V1Z",  # right
    "M-.87,0L.87,-1V1Z",  # left
)
SALTIRE = "M-1,-0.6L-0.6,-1L0,-0.4L0.6,-1L1,-0.6L0.4,0L1,0.6L0.6,1L0,0.4L-0.6,1L-1,0.6L-0.4,0Z"
RHOMB = "M-1,0L0,-0.5L1,0L0,0.5Z"
SHOWN_FAMILIES = 11  # with a line of their own in the legend
OTHER, ISOLATES, NO_FAMILY = "other families", "isolates", "no family"
GREY = "#8a8f94"
FAMILY, ACCURACY = "family", "accuracy"
COLUMNS = {"macroarea": "Macroarea", "class": "Resource class", "endangerment": "Endangerment"}
BANDS = ("0–20 %", "20–40 %", "40–60 %", "60–80 %", "80–100 %")


@dataclass(frozen=True, slots=True)
class Mark:
    """How languages of one label are drawn: colour, and shape as an SVG path."""

    label: str
    colour: str
    shape: str


@dataclass(frozen=True, slots=True)
class Colouring:
    """What colours say: a title, the label of every row of a selection, and the legend.

    labels: in the order of the selection's rows. A label without a mark of its own is drawn with
    the last mark.
    """

    title: str
    labels: tuple[str, ...]
    marks: tuple[Mark, ...]


def offered() -> dict[str, str]:
    """The names of colourings in an address, and what they are called; features come besides."""
    kinds = {kind: KIND_NAMES[kind].capitalize() for kind in KINDS}
    return {FAMILY: "Family", **COLUMNS, **kinds, ACCURACY: "Retrieval accuracy of a model"}


def by_family(selected: polars.DataFrame, everything: polars.DataFrame) -> Colouring:
    """Families: the largest of a selection have a line in the legend, the others are grey.

    Args:
        everything: all languages; they settle the mark, so that a family keeps its own whatever
            is selected.
    """
    labels = tuple(selected.select(family_label()).to_series())
    return Colouring("Family", labels, tuple(marks(selected, everything)))


def by_column(name: str, selected: polars.DataFrame) -> Colouring:
    """One of COLUMNS: areas by hue, steps of a scale from light to dark."""
    column = "resource_class" if name == "class" else name
    values = [None if value is None else str(value) for value in selected[column]]
    if name == "endangerment":
        order: Sequence[str] = ENDANGERMENT
    elif name == "class":
        order = tuple("012345")
    else:
        order = sorted({value for value in values if value})
    colours = COLOURS if name == "macroarea" else STEPS
    return _of(COLUMNS[name], values, order, colours)


def by_kind(kind: str, selected: polars.DataFrame) -> Colouring:
    """Whether a language has a kind of resource."""
    has, lacks = f"has {KIND_NAMES[kind]}", "has none here"
    values = [
        None if kinds is None else has if kind in kinds else lacks
        for kinds in selected.select(existing())["exists"].to_list()
    ]
    title = KIND_NAMES[kind].capitalize()
    return _of(title, values, (has, lacks), ("#0b6e69", "#d9a441"))


def by_feature(feature: str, selected: polars.DataFrame, typology: Typology) -> Colouring:
    """The value of a feature of WALS.

    Raises:
        InputError: WALS has no such feature.
    """
    known = {code: value.name for code, value in typology.having(feature).items()}
    one = typology.features[feature]
    values = [known.get(code) for code in selected["glottocode"]]
    return _of(f"{one.key} {one.name}", values, tuple(one.names.values()), COLOURS, "not in WALS")


def by_share(title: str, selected: polars.DataFrame, shares: Mapping[str, float]) -> Colouring:
    """A share from 0 to 1 by BCP-47 tag, in five bands."""
    values = [
        None if tag not in shares else BANDS[min(int(shares[tag] * len(BANDS)), len(BANDS) - 1)]
        for tag in selected["bcp47"]
    ]
    return _of(title, values, BANDS, STEPS, "not measured")


def _of(
    title: str,
    values: Sequence[str | None],
    order: Sequence[str],
    colours: Sequence[str],
    unknown: str = UNKNOWN,
) -> Colouring:
    """Labels in an order, those that occur in the legend; what is not known is small and grey."""
    there = set(values)
    found = [
        Mark(label, colours[at % len(colours)], SHAPES[at % len(SHAPES)])
        for at, label in enumerate(order)
        if label in there
    ]
    labels = tuple(unknown if value is None else value for value in values)
    return Colouring(
        title, labels, (*found, Mark(unknown, GREY, RHOMB)) if None in there else tuple(found)
    )


def marks(selected: polars.DataFrame, everything: polars.DataFrame) -> list[Mark]:
    """The marks of the families' legend: the largest of a selection, isolates, all others."""
    rank = {family: place for place, family in enumerate(_by_size(everything))}
    families = _by_size(selected)
    found = [Mark(family, *look(rank.get(family, 0))) for family in families[:SHOWN_FAMILIES]]
    without = set(selected.filter(selected["family"].is_null())["is_isolate"])
    found += [Mark(ISOLATES, "#000000", SALTIRE)] if True in without else []
    found += [Mark(NO_FAMILY, "#555555", RHOMB)] if False in without else []
    found += [Mark(OTHER, GREY, SHAPES[0])] if len(families) > SHOWN_FAMILIES else []
    return found


def _by_size(languages: polars.DataFrame) -> list[str]:
    counted = languages["family"].drop_nulls().value_counts()
    return counted.sort(["count", "family"], descending=[True, False])["family"].to_list()


def look(rank: int) -> tuple[str, str]:
    """Colour and shape of the family of that rank in the world."""
    colour = rank % len(COLOURS)
    return COLOURS[colour], SHAPES[(rank // len(COLOURS) + colour) % len(SHAPES)]


def family_label() -> polars.Expr:
    """The family as the map names it: isolates and languages without a family are no family."""
    import polars as pl

    alone = pl.when("is_isolate").then(pl.lit(ISOLATES)).otherwise(pl.lit(NO_FAMILY))
    return pl.coalesce("family", alone)
