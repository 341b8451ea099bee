"""The forms of documents, a row each: how a file is read as a text with segments.

A new form is one file with a `read(text, codec) -> Document` and one row of FORMS, or one call of
`register` (docs/CONTRIBUTING.md).
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from data.cli import did_you_mean
from data.errors import InputError
from localize.documents.record import UNSURE, Document, decoded

ONLY_NAMED = (".json", ".txt", ".properties")
MAX_BYTES = 1 << 28  # of one document


class Form(NamedTuple):
    """A row of the registry.

    Attributes:
        opens: "module:function", which makes a `Document` of (text, codec).
        suffixes: of files that are read so.
        archive: whether the function takes the file's bytes instead.
        bilingual: whether a file holds source and translation at once.
        code: whether the function takes `comments`, for those in its code.
    """

    opens: str
    suffixes: tuple[str, ...]
    archive: bool = False
    bilingual: bool = False
    code: bool = False


FORMS: dict[str, Form] = {
    "markdown": Form(
        "localize.documents.markdown:read", (".md", ".markdown", ".mdown", ".myst"), code=True
    ),
    "html": Form("localize.documents.html:read", (".html", ".htm", ".xhtml")),
    "notebook": Form("localize.documents.notebook:read", (".ipynb",), code=True),
    "rst": Form("localize.documents.rst:read", (".rst", ".rest")),
    "text": Form("localize.documents.plain:read", (".txt",)),
    "po": Form("localize.documents.po:read", (".po", ".pot"), bilingual=True),
    "xliff": Form("localize.documents.xliff:read", (".xlf", ".xliff"), bilingual=True),
    "json": Form("localize.documents.json_text:read", (".json", ".arb")),
    "strings": Form("localize.documents.strings:read", (".strings",)),
    "properties": Form("localize.documents.strings:read_properties", (".properties",)),
    "docx": Form("localize.documents.docx:read", (".docx",), archive=True),
}
_READERS: dict[str, Callable[..., Document]] = {}


def register(name: str, read: Callable[..., Document], *suffixes: str) -> None:
    """Add a form of one's own."""
    FORMS[name] = Form("", suffixes)
    _READERS[name] = read


def form_names() -> tuple[str, ...]:
    """What --format takes."""
    return ("auto", *FORMS)


def form_of(path: Path) -> str:
    """The form of a file by its suffix.

    Raises:
        InputError: none that is known.
    """
    for name, form in FORMS.items():
        if path.name.lower().endswith(form.suffixes):
            return name
    known = ", ".join(sorted({suffix for form in FORMS.values() for suffix in form.suffixes}))
    raise InputError(
        f"{path}: expected a document ({known}), found {path.suffix or 'no suffix'}; rename it",
        option="--format",
    )


def is_document(path: Path, *, asked: bool = False) -> bool:
    """Whether a file's suffix is that of a form.

    Args:
        asked: whether the user named it, or its pattern: a folder's .json and .txt files may be
            anything, requirements.txt for one.
    """
    name = path.name.lower()
    known = any(name.endswith(form.suffixes) for form in FORMS.values())
    return known and (asked or not name.endswith(ONLY_NAMED))


def read_document(path: Path, form: str = "auto", *, comments: bool = False) -> Document:
    """The document of a file.

    Args:
        form: its name in FORMS; by the suffix by default.
        comments: whether comments in its code are texts too.

    Raises:
        InputError: no such file or form, too large, or one that its form cannot read.
    """
    name = form_of(path) if form == "auto" else form
    return parse_document(read_bytes(path), name, str(path), comments=comments)


def parse_document(raw: bytes, form: str, where: str, *, comments: bool = False) -> Document:
    """The document of a file's bytes; `where` begins the message of an error.

    Raises:
        InputError: no such form, or bytes that it cannot read.
    """
    if form not in FORMS:
        known = did_you_mean(form, FORMS)
        raise InputError(f'--format "{form}": expected one of {", ".join(FORMS)}{known}')
    row = FORMS[form]
    read = _READERS.get(form)
    if read is None:
        module, _, function = row.opens.partition(":")
        read = getattr(import_module(module), function)
    try:
        if row.archive:
            return read(raw)
        return read(*decoded(raw), comments=True) if comments and row.code else read(*decoded(raw))
    except InputError as error:
        raise InputError(f"{where}: {error}") from error
    except RecursionError as error:
        raise InputError(f"{where}: nested too deep to be read; take it apart") from error


def read_source(path: Path, form: str = "auto") -> Document:
    """The document of a file to translate from: a translation that is marked as unsure is none.

    Raises:
        InputError: as `read_document`.
    """
    document = read_document(path, form)
    unsure = [n for n, segment in enumerate(document.segments) if segment.kind == UNSURE]
    if not unsure:
        return document
    cleared = document.rebuilt(dict.fromkeys(unsure, ""))
    return parse_document(cleared, form_of(path) if form == "auto" else form, str(path))


def read_bytes(path: Path) -> bytes:
    """A document's bytes.

    Raises:
        InputError: no such file, or more than MAX_BYTES.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{path}: more than {MAX_BYTES >> 20} MB; split it")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file; check the path") from error
    except (IsADirectoryError, PermissionError) as error:
        reason = (error.strerror or "cannot be read").lower()
        raise InputError(f"{path}: expected a readable file, found: {reason}; check it") from error
