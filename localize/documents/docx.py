r"""Word's documents (DOCX, ECMA-376): the text of each paragraph; all else of the archive stays.

What stands between two runs of a paragraph, their formatting, is a protected part of its text.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from itertools import pairwise

from data.errors import InputError
from localize.documents import html
from localize.documents.inline import XML, protected
from localize.documents.record import Document, Segment, Span, joined

MEMBERS = re.compile(r"word/(?:document|footnotes|endnotes|header[0-9]*|footer[0-9]*)\.xml")
MAX_BYTES = 1 << 28  # of the members that are read, unpacked
_PARAGRAPH_END = re.compile(r"</w:p>")
_TEXT = re.compile(r"<w:t(?:\s[^<>]*)?>([^<]*)</w:t>")
_STYLE = re.compile(r'<w:pStyle w:val="(?:Heading|heading|Title)([1-9])?')
_LETTER = re.compile(r"[^\W\d_]")
_BOUNDARY = "\0"  # between two members; no XML holds it


def read(raw: bytes) -> Document:
    """The document of a DOCX file's bytes.

    Raises:
        InputError: not an archive, or one without a Word document, or too large.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            infos = [info for info in archive.infolist() if MEMBERS.fullmatch(info.filename)]
            if not any(info.filename == "word/document.xml" for info in infos):
                raise InputError("expected a Word document, found an archive without one")
            if sum(info.file_size for info in infos) > MAX_BYTES:
                raise InputError(f"more than {MAX_BYTES >> 20} MB of text; split it")
            texts = [archive.read(info).decode("utf-8", "surrogateescape") for info in infos]
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError) as error:
        raise InputError("expected a DOCX file, found a damaged archive; save it again") from error
    text = _BOUNDARY.join(texts)
    names = [info.filename for info in infos]

    def pack(edited: bytes) -> bytes:
        parts = edited.split(_BOUNDARY.encode())
        before = [one.encode("utf-8", "surrogateescape") for one in texts]
        return raw if parts == before else _packed(raw, dict(zip(names, parts, strict=True)))

    return Document(text, tuple(_segments(text)), encode=html.spelt, by_line=False, pack=pack)


def _packed(raw: bytes, members: dict[str, bytes]) -> bytes:
    """The archive with other contents of some members, in the same order, with the same dates."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as old, zipfile.ZipFile(made, "w") as new:
        for info in old.infolist():
            new.writestr(info, members.get(info.filename, old.read(info)), info.compress_type)
    return made.getvalue()


def _segments(text: str) -> Iterator[Segment]:
    at = 0
    for end in _PARAGRAPH_END.finditer(text):
        runs = list(_TEXT.finditer(text, at, end.start()))
        style = _STYLE.search(text, at, end.start())
        at = end.end()
        if not runs:
            continue
        start, stop = runs[0].start(1), runs[-1].end(1)
        told = text[start:stop]
        if any(_LETTER.search(run[1]) for run in runs):
            spans = [
                Span(one.end(1) - start, other.start(1) - start, "run")
                for one, other in pairwise(runs)
            ]
            kind, level = ("heading", int(style[1] or 1)) if style else ("paragraph", 0)
            entities = [span for span in protected(told, XML) if span.kind != "tag"]
            parts = joined([*spans, *entities])
            yield Segment(start, stop, kind, told, spans=parts, level=level)
