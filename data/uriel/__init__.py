"""URIEL+'s typological features, joined once, and which languages are alike by them.

    python -m data.uriel --join                      # once: a minute or two, 3.9 GB of memory
    python -m data.uriel --lang sw --limit 5

    table = load_uriel(access=access)                # None where nobody has joined it
    table.alike("swah1253", least=100)               # a row a language, the most alike first

URIEL+ (Khan et al. 2025, https://aclanthology.org/2025.coling-main.463) joins WALS, SSWL, PHOIBLE,
Grambank, APiCS and others into 828 features that are there or not, of which syntax (S_), phonology
(P_), inventories of sounds (INV_) and morphology (M_) are a part each. Its package `urielplus`
keeps none of what it joins; `join` writes the union of its sources to the cache folder, where
reading it takes a moment and no package.

**The distance** of two languages is URIEL+'s own, angular, over the features of which both have a
value: 2 arccos(cos) / pi, from 0 (alike) to 1 (no feature in common); a language that has none of
them counts as one that has all a little, as in the package. Nothing is imputed. It is another
measure than `data.typology`'s share of features that differ, on other ground, and the two cannot
be compared as numbers. The union is under CC BY-SA 4.0, as the package is.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from data.access import Access
from data.errors import InputError, UnavailableError

if TYPE_CHECKING:
    import polars

LEAST = 100  # features that two languages must share, of 828: many follow from one another
MOST_BYTES = 64 << 20  # of the table on disk
PART = "uriel/features.npz"  # of the cache folder
COMMAND = "python -m data.uriel --join"
ABSENT = f"URIEL+'s table is not here; {COMMAND} makes it, in a minute or two and 3.9 GB of memory"
DOMAINS: Mapping[str, str] = {
    "all": "",
    "syntax": "S_",
    "phonology": "P_",
    "inventory": "INV_",
    "morphology": "M_",
}
ARRAYS = ("codes", "features", "values", "about")


@dataclass(frozen=True)
class Uriel:
    """The joined table.

    Attributes:
        codes: (N,) glottocodes.
        features: (F,) names, such as S_SVO.
        values: (N, F) 1 has it, 0 has it not, -1 not known.
        about: version of the package, checksum of what it joined, licence.
    """

    codes: tuple[str, ...]
    features: tuple[str, ...]
    values: NDArray[np.int8]
    about: Mapping[str, Any]

    @cached_property
    def rows(self) -> Mapping[str, int]:
        """The row of each glottocode."""
        return {code: row for row, code in enumerate(self.codes)}

    def known(self, glottocode: str) -> int:
        """Of how many features there is a value."""
        row = self.rows.get(glottocode)
        return 0 if row is None else int((self.values[row] >= 0).sum())

    def alike(
        self, glottocode: str, *, least: int = LEAST, domain: str = "all"
    ) -> polars.DataFrame:
        """The other languages by their distance to one, the most alike first.

        Columns: glottocode; distance, 0 to 1; differing, on how many features they differ;
        shared, of how many both have a value. Of equal distances the one over more features is
        first. A language that the table does not have is like none.

        Args:
            least: how many features two languages must share to be compared, from 1.
            domain: one of DOMAINS.

        Raises:
            InputError: `least` is below 1, or there is no such domain.
        """
        import polars as pl

        if least < 1:
            raise InputError(f"expected at least one feature to compare by, found {least}")
        if domain not in DOMAINS:
            raise InputError(f'expected one of {", ".join(DOMAINS)}, found "{domain}"')
        row = self.rows.get(glottocode)
        counting = [name.startswith(DOMAINS[domain]) for name in self.features]
        values = self.values[:, counting]
        own = values[row] if row is not None else np.full(sum(counting), -1, dtype=np.int8)
        frame = pl.DataFrame(
            {"glottocode": self.codes, **distances(own, values)},
            schema={
                "glottocode": pl.String,
                "distance": pl.Float64,
                "differing": pl.Int64,
                "shared": pl.Int64,
            },
        )
        return frame.filter(pl.col("glottocode") != glottocode, pl.col("shared") >= least).sort(
            "distance", "shared", "glottocode", descending=[False, True, False]
        )


def distances(own: NDArray[np.int8], values: NDArray[np.int8]) -> dict[str, NDArray[Any]]:
    """URIEL+'s angular distance of one language to each of many.

    Args:
        own: (F,) and
        values: (N, F) of 1, 0 and -1, which is not known.

    Returns:
        (N,) `distance`, 0 to 1 (1 where nothing is shared), `differing` and `shared`.
    """
    both = (values >= 0) & (own >= 0)
    shared = both.sum(axis=1)
    mine = (both & (own == 1)).sum(axis=1)
    theirs = (both & (values == 1)).sum(axis=1)
    common = (both & (values == 1) & (own == 1)).sum(axis=1)
    # A side without any is taken as one with all of them: so the package does, with 1e-10 each.
    inner = np.select(
        [(mine == 0) & (theirs == 0), mine == 0, theirs == 0], [shared, theirs, mine], common
    )
    norms = np.where(mine == 0, shared, mine) * np.where(theirs == 0, shared, theirs)
    cosine = np.where(shared > 0, inner / np.sqrt(np.maximum(norms, 1)), 0.0)
    return {
        "distance": 2 * np.arccos(np.clip(cosine, -1.0, 1.0)) / np.pi,
        "differing": (both & (values != own)).sum(axis=1).astype(np.int64),
        "shared": shared.astype(np.int64),
    }


def path_of(access: Access) -> Path:
    """Where the joined table is kept."""
    return access.cache_folder() / PART


def load_uriel(*, access: Access = Access()) -> Uriel | None:
    """The joined table; None where nobody has joined it yet (ABSENT says how).

    Raises:
        InputError: the table is damaged; the message names the command that makes it again.
    """
    path = path_of(access)
    try:
        if path.stat().st_size > MOST_BYTES:
            raise InputError(_damaged(path, f"more than {MOST_BYTES >> 20} MB"))
        return parse(path.read_bytes(), path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UnavailableError(f"{path} cannot be read ({error.strerror})") from error


def parse(content: bytes, path: Path) -> Uriel:
    """The table from its bytes.

    Raises:
        InputError: it is damaged, or its checksum is another one.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            codes, features, values, about = (stored[name] for name in ARRAYS)
            told = json.loads(str(about))
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(_damaged(path, str(error))) from error
    shape = (codes.shape, features.shape, values.dtype.name)
    if shape != ((len(values),), (values.shape[-1],), "int8") or not isinstance(told, dict):
        raise InputError(_damaged(path, f"arrays of {shape} and {values.shape}"))
    found = Uriel(tuple(map(str, codes)), tuple(map(str, features)), values, told)
    if told.get("sha256") != checksum(found):
        raise InputError(_damaged(path, "its checksum is not that of its content"))
    return found


def pack(table: Uriel) -> bytes:
    """The bytes of a table, its checksum in them; the same table gives the same bytes."""
    out = io.BytesIO()
    about = json.dumps({**table.about, "sha256": checksum(table)}, sort_keys=True)
    np.savez_compressed(
        out,
        codes=np.array(table.codes),
        features=np.array(table.features),
        values=table.values,
        about=np.array(about),
    )
    return out.getvalue()


def checksum(table: Uriel) -> str:
    """SHA-256 of names and values."""
    names = json.dumps([table.codes, table.features]).encode()
    return hashlib.sha256(names + np.ascontiguousarray(table.values).tobytes()).hexdigest()


def _damaged(path: Path, why: str) -> str:
    return f"{path}: expected the table that {COMMAND} makes, found {why}; run it again"
