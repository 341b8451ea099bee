"""The built inventory as one Parquet file in the cache folder, with what it was built from.

The file is good as long as its ingredients are the same: the catalog's files by checksum, the
project's own tables, the code that builds. One that was built without some file is good until
something changes where that file would lie.
"""

from __future__ import annotations

import functools
import hashlib
import io
import json
from dataclasses import asdict
from pathlib import Path

from data.access import Access
from data.atlas.schema import Inventory, Source, schema
from data.atlas.sources import all_sources, reference_files, state
from data.bounded import parse_json
from data.catalog import TABLES
from data.errors import KilolinguaError
from data.files import canonical_json, sha256_text, write_whole

# What is said beside the table: its ingredients, what it was built without, sources, notes.
SAID = {"recipe": str, "missing": {str: [[object]]}, "sources": [{str: str}], "notes": [str]}
NAME = "kilolingua"  # the entry in the Parquet file's metadata
HERE = Path(__file__).parent
CODE = (*HERE.glob("*.py"), HERE.parent / "resources.py")


def inventory_path(access: Access) -> Path:
    """Where the built inventory lies."""
    return access.cache_folder() / "inventory" / "languages.parquet"


def recipe() -> str:
    """The checksum of all that an inventory is made of."""
    files = {file.path: file.sha256 for file in reference_files().values()}
    sources = sorted(source.key for source in all_sources().values())
    return sha256_text(canonical_json([files, sources, _own_files()]))


@functools.cache
def _own_files() -> str:
    """The checksum of the project's tables and of the code that builds; once a process."""
    digest = hashlib.sha256()
    for path in sorted([*TABLES.glob("*.tsv"), *CODE]):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def keep(inventory: Inventory, missing: list[str], access: Access) -> None:
    """Write the inventory into the cache; it appears whole.

    missing: the paths in the catalog of the files that it was built without.
    """
    said = {
        "recipe": recipe(),
        "missing": {path: state(path, access) for path in missing},
        "sources": [asdict(source) for source in inventory.sources],
        "notes": inventory.notes,
    }
    buffer = io.BytesIO()
    inventory.table.write_parquet(buffer, metadata={NAME: json.dumps(said)})
    write_whole(inventory_path(access), buffer.getvalue())


def kept(access: Access) -> Inventory | None:
    """The inventory in the cache; None where there is none, or what it was made of has changed."""
    import polars as pl

    path = inventory_path(access)
    if not path.is_file():
        return None
    try:
        said = parse_json(pl.read_parquet_metadata(path)[NAME], str(path), SAID)
        if said["recipe"] != recipe() or _has_changed(said["missing"], access):
            return None
        table = pl.read_parquet(path)
        sources = tuple(Source(**source) for source in said["sources"])
    except (TypeError, pl.exceptions.PolarsError, KilolinguaError, OSError, ValueError, KeyError):
        return None  # damaged, or of another version: it is built anew
    if dict(table.schema) != schema():
        return None
    return Inventory(table, sources, tuple(said["notes"]))


def _has_changed(missing: dict[str, list[list[str | int]]], access: Access) -> bool:
    return any(state(path, access) != before for path, before in missing.items())
