"""The triples to train on: of a shared task, a table or files.

    swahili = load_data("swa")                       # SIGMORPHON 2023, train and dev
    zulu = load_data("zu", source="unimorph")        # a whole table: a tenth of its lemmas is dev
    own = load_data("qu", train=Path("qu.tsv"))

A shared task's unit goes by its file's name (`swa`, `heb_unvoc`, `jap`) or by any name of its
language. Its text is taken as it is written, since its scorers compare it so; other text is put in
NFC.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from data.access import Access
from data.catalog import catalog, dataset
from data.cli import did_you_mean
from data.errors import InputError
from data.inflections.tables import PACKAGE, InflectionTable, load_triples, warn_of_bad_lines
from data.inflections.tags import parse
from data.languages import Language, resolve
from data.randomness import stream
from data.tsv import excerpt
from data.unimorph import Triple
from morph.orthography import publishers_spellings

SHARED_TASK = "sigmorphon2023"
HELD_OUT = 10  # of a table without a dev part every tenth lemma is held out
MOST_HELD_OUT = 1000  # triples


@dataclass(frozen=True, slots=True)
class InflectionData:
    """Triples of one language to train on, and others, of other lemmas, to try the model on.

    unit: the shared task's name of the language, or its code. sha256: of the tables as read.
    normalised: whether text was put in NFC.
    """

    unit: str
    language: Language
    train: tuple[Triple, ...]
    dev: tuple[Triple, ...]
    name: str
    licence: str
    sha256: str
    normalised: bool

    def parsed(self) -> InflectionData:
        """The same with the training triples alone whose bundles can be read apart."""
        bad = set()
        for bundle in {triple.features for triple in self.train}:
            try:
                parse(bundle)
            except InputError:
                bad.add(bundle)
        return replace(self, train=tuple(t for t in self.train if t.features not in bad))

    def sample(self, examples: int, seed: int) -> InflectionData:
        """The same with only so many of the training triples, drawn by seed.

        Raises:
            InputError: more than there are.
        """
        if not 0 < examples <= len(self.train):
            raise InputError(
                f"examples: expected 1 to {len(self.train)}, found {examples}; {self.name} has "
                "no more"
            )
        places = sorted(stream(seed, self.unit).sample(range(len(self.train)), examples))
        return replace(self, train=tuple(self.train[place] for place in places))


def load_data(
    unit: str,
    *,
    source: str | None = None,
    train: Path | None = None,
    dev: Path | None = None,
    columns: Sequence[str] | None = None,
    skip_bad: bool = False,
    access: Access = Access(),
) -> InflectionData:
    """Read what there is to train a language's model on.

    Args:
        unit: a shared task's unit, or any code or name of a language.
        source: a name of the catalog, or `package` (`data.inflections.tables`); by default the
            shared task of 2023 where it has the language, else its UniMorph table.
        train, dev: files instead; without `dev` lemmas of `train` are held out.
        columns, skip_bad: of files, as in `data.unimorph.read_triples`; what is left out is logged.

    Raises:
        InputError: no such language, source or file; no data for the language, with what to do.
        UnavailableError: the files cannot be had.
    """
    if dev is not None and train is None:
        raise InputError("dev: expected a train file beside it, found none; give --train too")
    if train is not None:
        return _from_files(resolve(unit), train, dev, columns, skip_bad)
    _check_source(source)
    groups = {file.group: file for file in dataset(SHARED_TASK).select("train")}
    group = unit if unit in groups else None
    language = resolve(groups[unit].codes[0]) if group else resolve(unit)
    if source is None:
        codes = [code for file in groups.values() for code in file.codes]
        source = SHARED_TASK if group or language.closest(codes) else None
    if source == SHARED_TASK:
        return _from_shared_task(language, group, access)
    try:
        table = load_triples(language, source=source, access=access)
    except InputError as error:
        raise InputError(
            f"{error}; or give your own: --train FILE with lemma, form and features",
            option=error.option,
            advice=error.advice,
        ) from error
    return _divided(unit, table)


def _check_source(source: str | None) -> None:
    """Refuse a source that is none before anything is fetched."""
    names = [entry.name for entry in catalog().values() if entry.reader == "unimorph"]
    if source is None or source in (*names, PACKAGE) or Path(source).is_file():
        return
    raise InputError(
        f"source: expected one of {', '.join((*names, PACKAGE))}, or a file, found"
        f" {excerpt(source)}{did_you_mean(source, names)}; give one of these, or your own with"
        " --train FILE"
    )


def _from_shared_task(language: Language, group: str | None, access: Access) -> InflectionData:
    parts = [
        load_triples(
            language,
            split,
            SHARED_TASK,
            group=group,
            normalise=False,
            access=access,
        )
        for split in ("train", "dev")
    ]
    name = parts[0].name
    return _data(name.rpartition("/")[2], parts[0].language, parts, name, normalised=False)


def _from_files(
    language: Language,
    train: Path,
    dev: Path | None,
    columns: Sequence[str] | None,
    skip_bad: bool,
) -> InflectionData:
    def read(path: Path, split: str | None) -> InflectionTable:
        table = load_triples(language, split, path, columns=columns, skip_bad=skip_bad)
        warn_of_bad_lines(str(path), table.dropped)
        return table

    if dev is None:
        return _divided(language.bcp47, read(train, "train"))
    parts = [read(train, "train"), read(dev, "dev")]
    if not parts[1].triples:
        raise InputError(f"{dev}: expected triples to try the model on, found none; check it")
    return _data(language.bcp47, language, parts, train.name, normalised=True)


def _divided(unit: str, table: InflectionTable) -> InflectionData:
    """A table's triples, every tenth lemma by its hash held out, and one where there are few."""
    digests = {t.lemma: hashlib.sha256(t.lemma.encode()).digest() for t in table.triples}
    if len(digests) < 2:
        raise InputError(
            f"{table.name}: expected lemmas to train on and others to hold out, found "
            f"{len(digests)} in all; give --train FILE --dev FILE, or a larger table"
        )
    out = {lemma for lemma, digest in digests.items() if digest[0] % HELD_OUT == 0}
    if not 0 < len(out) < len(digests):
        out = {min(digests, key=lambda lemma: digests[lemma])}
    held = [triple for triple in table.triples if triple.lemma in out]
    kept = [triple for triple in table.triples if triple.lemma not in out]
    parts = [
        replace(table, triples=tuple(kept)),
        replace(table, triples=tuple(held[:MOST_HELD_OUT])),
    ]
    return _data(unit, table.language, parts, table.name, normalised=True)


def _data(
    unit: str,
    language: Language,
    parts: Sequence[InflectionTable],
    name: str,
    *,
    normalised: bool,
) -> InflectionData:
    train, dev = parts
    if not train.triples:
        raise InputError(f"{name}: expected triples to train on, found none; check the file")
    return InflectionData(
        unit,
        language,
        train.triples,
        dev.triples,
        name,
        train.licence,
        train.sha256[:16] + dev.sha256[:16],
        normalised,
    )


def is_normalised(data: Sequence[InflectionData]) -> bool:
    """Whether all triples are in NFC."""
    return all(one.normalised for one in data)


def orthography(data: Sequence[InflectionData]) -> dict[str, Any]:
    """What a model must know of its training text's normal form."""
    words = (word for one in data for t in one.train for word in (t.lemma, t.form or ""))
    spellings = {} if is_normalised(data) else publishers_spellings(words)
    return {"normalised": is_normalised(data), "spellings": spellings}
