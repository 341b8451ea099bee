"""All languages x all resources: one row a language, and where each figure comes from.

    python -m data.inventory --genus Bantoid --script Latn --missing lexicon --format csv
    python -m data.inventory --lang sw
    python -m data.inventory --rebuild

or from Python:

    from data.inventory import load_inventory, select
    inventory = load_inventory()
    select(inventory.table, genus="Bantu", missing="lexicon")

A row is what Glottolog calls a language. An empty cell is unknown: neither zero nor empty text.

glottocode, iso639_3, bcp47   codes; a tag stands in one row only
name, endonym                 in English, and in the language itself
family, family_glottocode     Glottolog's top-level family; empty for isolates
genus, genus_inferred         WALS's genus; True where it follows from the tree
macroarea, countries          Glottolog's; ISO 3166-1
scripts                       ISO 15924, of all uses, historical ones too
latitude, longitude           one point for the whole language
speakers, speakers_alone      rounded to one or two digits; the second counts nobody twice
speakers_of, speakers_own     the macrolanguage whose figure it is; what is stated for it alone
speakers_macrolanguage        of the macrolanguage that it belongs to
speakers_doubt, speakers_date why the figure is not plausible; of when it is, where that is stated
endangerment                  UNESCO's scale of six
category, is_isolate          spoken, sign, pidgin, mixed, artificial, register, unattested,
                              unclassifiable, bookkeeping, dialect
macrolanguage, includes       the tag of what it belongs to; tags that count for this row
resource_class                0-5, by the rule in data.inventory.build
test_set ... labelled         records of each kind, in the catalog or the largest listed set; 0 is
                              none, empty exists and nobody has counted
kinds, exists                 the kinds that the catalog has; that exist, in any list
models, software, typology    the kinds of models and software that cover it, of databases
religious_only, listed        whether all its texts are religious; how many facts lists have
lineage, groups               codes and names of the groups above it, the widest first
wals_code, linguameta_code    its codes there, for links; linguameta_wider: the macrolanguage's
search                        names and codes, without case and diacritics
sources                       the source of every cell, as the keys of Inventory.sources

Macrolanguages have no row, since Glottolog has none for them: the individual language that one
stands for in practice (swh for `sw`) takes its tag and, where its own are empty, its figures.
What ISO 639-3 counts as a language and Glottolog as a dialect (Croatian, South Ndebele) has a row
of the category `dialect` with its own facts, and its tag is in `includes` of the language too.
Isolates have no family and are so marked; genera they
may have. Glottolog's pseudo-families (sign languages, pidgins, unattested ones ...) are no
families: they give the category, and their languages have no family and no relatives by tree.
Bookkeeping entries, whose languages proved spurious, keep their rows so that their codes can be
found. They and dialects stand in no count, no gap and no advice: `counted` is the one count of
languages. Resources are those of data.resources, and what data.resources.listed names.
"""

from __future__ import annotations

from dataclasses import replace

from data.access import Access
from data.errors import UnavailableError
from data.inventory.advice import GOALS, advise
from data.inventory.export import (
    export_bibtex,
    export_cldf,
    export_csv,
    export_json,
    packed_cldf,
)
from data.inventory.language import (
    listed_of,
    page_of,
    relatives,
    resources_of,
    row_of,
    sources_of,
    where_from,
)
from data.inventory.query import counts, gaps, select
from data.inventory.schema import (
    ISOLATE,
    KINDS,
    NONE,
    UNITS,
    Inventory,
    Source,
    counted,
    need_polars,
)
from data.inventory.search import Hit, find, search, suggestions

MOST_TAGS = 12  # that a note names

__all__ = [
    "GOALS",
    "ISOLATE",
    "KINDS",
    "NONE",
    "UNITS",
    "Hit",
    "Inventory",
    "Source",
    "advise",
    "counted",
    "counts",
    "export_bibtex",
    "export_cldf",
    "export_csv",
    "export_json",
    "find",
    "gaps",
    "listed_of",
    "load_inventory",
    "packed_cldf",
    "page_of",
    "relatives",
    "resources_of",
    "row_of",
    "search",
    "select",
    "sources_of",
    "suggestions",
    "where_from",
]


def load_inventory(*, rebuild: bool = False, access: Access = Access()) -> Inventory:
    """The inventory out of the cache, or built and kept there.

    It is built anew when its sources or this code have changed. A source that cannot be had or
    read leaves its cells empty, and the notes say so; without Glottolog the rows are MASSIVE's
    languages, and nothing is kept.

    Args:
        rebuild: build it even if the kept one is good.
        access: where the inventory is kept, and how its sources are reached.

    Raises:
        UnavailableError: polars is not installed.
    """
    need_polars()
    from data.inventory.sources import keep, kept

    found = None if rebuild else kept(access)
    if found is not None:
        return found
    access.say("building the inventory of languages")
    inventory, missing = _build(access)
    if inventory.builtin:
        return inventory
    try:
        keep(inventory, missing, access)
    except (OSError, UnavailableError) as error:
        note = f"the inventory could not be kept ({error}); it is built again next time"
        return replace(inventory, notes=(*inventory.notes, note))
    return inventory


def _build(access: Access) -> tuple[Inventory, list[str]]:
    from data.inventory.build import build_table
    from data.inventory.sources import gather

    gathered = gather(access=access)
    table, unplaced = build_table(gathered.ingredients)
    notes = list(gathered.notes)
    if unplaced and not gathered.builtin:  # MASSIVE's table has no row for most languages
        tags = sorted({resource.language for resource in unplaced})
        named = ", ".join(tags[:MOST_TAGS]) + (" ..." if len(tags) > MOST_TAGS else "")
        notes.append(
            f"{len(unplaced)} resources stand for no single language and count for none: {named}"
        )
    sources = tuple(gathered.sources.values())
    return Inventory(table, sources, tuple(notes), gathered.builtin), gathered.missing
