"""The inventory, or a selection of it, as CSV, JSON, CLDF and BibTeX: whole, no row left out.

    export_csv(select(inventory.table, genus="Bantu"))

Every cell comes with its source. In tables, lists are joined by semicolons, an unknown cell is
empty, and a text that a spreadsheet would run as a formula (`=`, `+`, `-`, `@`, tab or carriage
return at its start) gets an apostrophe in front; numbers stay numbers. In JSON, unknown is null.

CLDF (Forkel et al. 2018, https://cldf.clld.org) is three files: `languages.csv`, a LanguageTable;
`cldf-metadata.json`, which says what its columns are; `sources.bib`.
"""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from data.catalog import catalog
from data.inventory.build import resources_for
from data.inventory.facts import SEVERAL
from data.inventory.schema import KINDS, SOURCED, Inventory, Source

if TYPE_CHECKING:
    import polars

    from data.resources import Resource

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
LEFT_OUT = ("search", "sources")  # folded again by who reads it; laid out as columns of their own
CLDF_TERMS = "http://cldf.clld.org/v1.0/terms.rdf#"

# CLDF's name of a column, ours, the term that defines it (None: ours alone), its datatype.
CLDF_COLUMNS: tuple[tuple[str, str, str | None, str], ...] = (
    ("ID", "glottocode", "id", "string"),
    ("Name", "name", "name", "string"),
    ("Glottocode", "glottocode", "glottocode", "string"),
    ("ISO639P3code", "iso639_3", "iso639P3code", "string"),
    ("Macroarea", "macroarea", "macroarea", "string"),
    ("Latitude", "latitude", "latitude", "decimal"),
    ("Longitude", "longitude", "longitude", "decimal"),
    ("Family", "family", None, "string"),
    ("Family_Glottocode", "family_glottocode", None, "string"),
    ("Genus", "genus", None, "string"),
    ("Genus_Inferred", "genus_inferred", None, "boolean"),
    ("Is_Isolate", "is_isolate", None, "boolean"),
    ("Category", "category", None, "string"),
    ("BCP47", "bcp47", None, "string"),
    ("Macrolanguage", "macrolanguage", None, "string"),
    ("Endonym", "endonym", None, "string"),
    ("Countries", "countries", None, "list"),
    ("Scripts", "scripts", None, "list"),
    ("Speakers", "speakers", None, "integer"),
    ("Speakers_Of", "speakers_of", None, "string"),
    ("Speakers_Doubt", "speakers_doubt", None, "string"),
    ("Endangerment", "endangerment", None, "string"),
    ("Resource_Class", "resource_class", None, "integer"),
    *((kind.title(), kind, None, "integer") for kind in KINDS),
    ("Exists", "exists", None, "list"),
    ("Source", "sources", "source", "list"),
)


def source_keys(row: Mapping[str, Any]) -> Iterator[str]:
    """The keys of the sources of a row's cells; a cell may have several."""
    for keys in row["sources"].values():
        yield from (keys or "").split(SEVERAL) if keys else ()


def cell(value: Any) -> str:
    """A value as the text of a spreadsheet's cell.

    >>> cell("=1+1"), cell(-8.25), cell(None), cell(["KE", "TZ"]), cell(True)
    ("'=1+1", '-8.25', '', 'KE;TZ', 'true')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    text = value if isinstance(value, str) else ";".join(value)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def export_csv(table: polars.DataFrame, *, bom: bool = False) -> str:
    """All rows and columns, then for every sourced column another with the key of its source.

    Last come two columns a kind of resource: the data sets that have it, and their licences, in
    the same order, with semicolons between.

    Args:
        bom: begin with a byte-order mark, by which Excel tells UTF-8.
    """
    return ("\ufeff" if bom else "") + "".join(csv_records(table))


def csv_records(table: polars.DataFrame) -> Iterator[str]:
    """The header of `export_csv`, then the record of every row, each with its end of line."""
    columns = [name for name in table.columns if name not in LEFT_OUT]
    named = (f"{kind}_{what}" for kind in KINDS for what in ("datasets", "licences"))
    yield csv_text([[*columns, *(f"{name}_source" for name in SOURCED), *named]])
    for row in table.iter_rows(named=True):
        cells = [
            *(row[name] for name in columns),
            *(row["sources"][name] for name in SOURCED),
            *_named_resources(_resources(row)),
        ]
        yield csv_text([cells])


def _named_resources(found: Iterable[Resource]) -> Iterator[list[str]]:
    """For each kind, the data sets and their licences, each data set once."""
    held: dict[str, dict[str, str]] = {kind: {} for kind in KINDS}
    for one in sorted(found, key=lambda one: -(one.size or 0)):
        held[one.kind].setdefault(one.dataset, one.licence)
    for kind in KINDS:
        yield list(held[kind])
        yield list(held[kind].values())


def _resources(row: Mapping[str, Any]) -> list[Resource]:
    """The catalog's resources of a language; none where they are unknown."""
    return [] if row["kinds"] is None else resources_for(row)


def csv_text(rows: Iterable[Iterable[Any]]) -> str:
    """Rows as CSV, each cell by `cell`: what RFC 4180 describes."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")  # as RFC 4180 has it
    writer.writerows([cell(value) for value in row] for row in rows)
    return out.getvalue()


def export_json(inventory: Inventory, table: polars.DataFrame | None = None) -> str:
    """An object: `languages`, one object a row; `sources`, by key; `notes`, what is missing.

    A language has the columns of `data.inventory` (unknown is null), `sources` (a key a column) and
    `resources`: objects of dataset, kind, size, unit, licence and link.
    """
    table = inventory.table if table is None else table
    whole = {
        "sources": {source.key: asdict(source) for source in inventory.sources},
        "notes": list(inventory.notes),
        "languages": [described(row) for row in table.iter_rows(named=True)],
    }
    return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"


def described(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as an object of `export_json`."""
    names = ("dataset", "kind", "size", "unit", "licence", "link")
    found = [{name: getattr(one, name) for name in names} for one in _resources(row)]
    return {**{name: row[name] for name in row if name != "search"}, "resources": found}


def export_cldf(inventory: Inventory, table: polars.DataFrame | None = None) -> dict[str, str]:
    """The files of a CLDF data set of the type Generic with one component, a LanguageTable."""
    table = inventory.table if table is None else table
    rows = (
        [_cldf_value(row, column) for _, column, _, _ in CLDF_COLUMNS]
        for row in table.iter_rows(named=True)
    )
    metadata = json.dumps(_cldf_metadata(table.height), ensure_ascii=False, indent=4)
    return {
        "languages.csv": csv_text([[name for name, *_ in CLDF_COLUMNS], *rows]),
        "cldf-metadata.json": metadata + "\n",
        "sources.bib": export_bibtex(inventory, table),
    }


def _cldf_value(row: Mapping[str, Any], column: str) -> Any:
    if column == "sources":
        return list(dict.fromkeys(source_keys(row)))
    return row[column]


def _cldf_metadata(rows: int) -> dict[str, Any]:
    """The description that CSVW and CLDF ask for."""
    return {
        "@context": ["http://www.w3.org/ns/csvw", {"@language": "en"}],
        "dc:conformsTo": f"{CLDF_TERMS}Generic",
        "dc:title": "kilolingua's inventory of languages and resources",
        "dc:source": "sources.bib",
        "dc:description": "One row a language of Glottolog, with its resources in kilolingua's "
        "catalog. The sources have licences of their own: see sources.bib.",
        "dialect": {"commentPrefix": None},
        "tables": [
            {
                "url": "languages.csv",
                "dc:conformsTo": f"{CLDF_TERMS}LanguageTable",
                "dc:extent": rows,
                "tableSchema": {
                    "columns": [_cldf_column(*column) for column in CLDF_COLUMNS],
                    "primaryKey": ["ID"],
                },
            }
        ],
    }


def _cldf_column(name: str, column: str, term: str | None, datatype: str) -> dict[str, Any]:
    described: dict[str, Any] = {"name": name}
    if term:
        described["propertyUrl"] = CLDF_TERMS + term
    else:
        described["dc:description"] = f"{column} in kilolingua's inventory"
    if datatype == "list":
        described |= {"datatype": "string", "separator": ";"}
    else:
        described["datatype"] = datatype
    if column == "glottocode":
        described["required"] = True
    return described


def packed_cldf(inventory: Inventory, table: polars.DataFrame | None = None) -> bytes:
    """The files of `export_cldf` in one ZIP archive, the same bytes for the same table."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in export_cldf(inventory, table).items():
            archive.writestr(zipfile.ZipInfo(name), text, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def export_bibtex(inventory: Inventory, table: polars.DataFrame | None = None) -> str:
    """The sources of a table's cells and the data sets of its resources, one entry each."""
    table = inventory.table if table is None else table
    used = {
        key for row in table.select("sources").iter_rows(named=True) for key in source_keys(row)
    }
    entries = [source for source in inventory.sources if source.key in used]
    return "\n".join([*map(_entry, entries), *map(_entry, _datasets(table))])


def _datasets(table: polars.DataFrame) -> list[Source]:
    """The data sets with resources for these languages."""
    rows = table.iter_rows(named=True)
    names = {resource.dataset for row in rows for resource in _resources(row)}
    return [
        Source(name, entry.title, "", entry.licence, entry.homepage, entry.citation)
        for name, entry in catalog().items()
        if name in names
    ]


def _entry(source: Source) -> str:
    authors, _, link = source.citation.partition(", https://")
    year = re.search(r"\b(19|20)\d\d\b", authors)
    fields = {
        "title": source.title,
        "author": _authors(authors[: year.start()] if year else authors),
        "year": year[0] if year else "",
        "version": source.version,
        "url": source.link,
        "note": "; ".join(
            filter(
                None,
                [
                    f"licence: {source.licence}",
                    link and f"https://{link}",
                    source.note,
                ],
            )
        ),
    }
    lines = [f"  {name} = {{{_escaped(text)}}}," for name, text in fields.items() if text]
    return "\n".join([f"@misc{{{source.key},", *lines, "}", ""])


def _authors(names: str) -> str:
    """Surnames as BibTeX lists them.

    >>> _authors("Federmann, Kocmi and Xin "), _authors("Ritchie et al. ")
    ('Federmann and Kocmi and Xin', 'Ritchie and others')
    """
    names = names.strip(" ,.").replace(" et al", ", others")
    return " and ".join(re.split(r", | and ", names))


def _escaped(text: str) -> str:
    r"""Text without what TeX would read as a command; of addresses too, as BibTeX wants it.

    >>> print(_escaped("50 % of {A & B}_1"))
    50 \% of A \& B\_1
    """
    return re.sub(r"([&%$#_])", r"\\\1", re.sub(r"[{}\\~^]", "", text))
