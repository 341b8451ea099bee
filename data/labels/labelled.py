"""What the loaders of labelled text share: which files are one split of a language.

    >>> from data.catalog import dataset
    >>> entry = dataset("xsid")
    >>> split_files(entry, "de-muc", ("dev",))[0].path
    'xsid/xSID-0.7/de-muc.valid.conll'

`data.tagged.load_tagged` and `data.utterances.load_utterances` read what `fetch_split` brings.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from data.access import Access
from data.catalog import Dataset, File
from data.download import fetch
from data.errors import InputError
from data.languages import Language, resolve
from data.load import ORIGINS


@dataclass(frozen=True, slots=True)
class Split:
    """The files of one split in one language, on this machine.

    code: the data set's own for the language, or for the dialect. origin: in words, "the cache".
    """

    code: str
    language: Language
    paths: tuple[Path, ...]
    origin: str


def fetch_split(
    entry: Dataset,
    language: Language | str,
    roles: tuple[str, ...],
    *,
    access: Access = Access(),
) -> Split:
    """Bring the files with these roles, one a role, in the data set's language nearest to this.

    Args:
        language: a text is one of the data set's own codes: xSID's `de-muc`, Munich Bavarian,
            is a dialect that no other code names.

    Raises:
        InputError: the data set has no such language or split.
        UnavailableError: a file cannot be had.
    """
    code = _code(entry, language)
    files = split_files(entry, code, roles)
    fetched = [fetch(file, access=access) for file in files]
    places = (file.origin.partition(":")[0] for file in fetched)
    return Split(
        code=code,
        language=resolve(code),
        paths=tuple(file.path for file in fetched),
        origin=" and ".join(dict.fromkeys(ORIGINS.get(p, "its publisher") for p in places)),
    )


def split_files(entry: Dataset, code: str, roles: tuple[str, ...]) -> list[File]:
    """The one file of each role in the language with this code.

    Raises:
        InputError: a role without a file; the message lists the splits that there are.
    """
    files = [file for role in roles for file in entry.select(role, code=code)[:1]]
    if len(files) < len(roles):
        here = {f.role.partition("-")[0] for f in entry.files if code in f.codes}
        raise InputError(
            f'{entry.name} has no split "{roles[0].partition("-")[0]}" in {code};'
            f" it has: {', '.join(sorted(here))}"
        )
    return files


def _code(entry: Dataset, language: Language | str) -> str:
    if isinstance(language, Language):
        return entry.code_for(language)
    if language not in entry.codes():
        codes = ", ".join(sorted(entry.codes()))
        raise InputError(f'{entry.name} has no code "{language}"; it has: {codes}')
    return language
