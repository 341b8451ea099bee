"""A translation that people made before there was a state: paired with its source, and kept.

Everything in it counts as a person's. What the source has and the translation has not is taken to
be left out on purpose; `localize.sync --fill` puts it in. Nothing in the file changes by adopting
it.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from data.errors import InputError
from localize.alignment import align, traits_of
from localize.documents import form_of, parse_document, read_document
from localize.documents.record import UNSURE, Document
from localize.matching import equal
from localize.state import PERSON, SOURCE, Entry, State
from localize.texts import key


def adopted(source: Document, target: Document) -> State:
    """The state of a translation as it stands, of this source.

    Two segments of the source that are one in the translation are the first one's; a segment that
    says the same in both is not translated yet, nor is one whose translation is marked as unsure.
    """
    places = dict[int, int]()
    if target.bilingual:
        keys = [[key(segment.text) for segment in side.segments] for side in (source, target)]
        places = {before: here for here, before in equal(*keys).items()}
    else:
        for bead in align(traits_of(source), traits_of(target)):
            if bead.source and bead.target:
                places[bead.source[0]] = bead.target[0]
    entries = []
    for place, segment in enumerate(source.segments):
        here = places.get(place)
        unsure = here is not None and target.segments[here].kind == UNSURE
        told = target.translation(here) if here is not None else ""
        same = here is not None and (not told or key(told) == key(segment.text))
        by = SOURCE if same and (not told or not _only_names(segment.text)) else PERSON
        by = SOURCE if unsure else by
        gone = here is None
        by = PERSON if gone else by
        entries.append(Entry(segment.text, source.gap(place), told, by, gone=gone))
    return State(source.gap(-1), tuple(entries))


def adopted_of(source: Document) -> State:
    """What a PO or XLIFF file has as translations already: people made them."""
    translated = source.bilingual and any(segment.target for segment in source.segments)
    return adopted(source, source) if translated else State()


def _only_names(text: str) -> bool:
    """Whether a text may well be the same in another language: a name, a word or two."""
    return len(key(text).split()) < 3


def base_document(base: str, name: Path, source_root: Path) -> Document | None:
    """A source document as it was when it was translated.

    Args:
        base: a folder with the older sources, or a revision of git.

    Returns:
        None where it did not exist then.

    Raises:
        InputError: neither a folder nor a revision.
    """
    if Path(base).is_dir():
        path = Path(base) / name
        return read_document(path) if path.is_file() else None
    raw = git_file(base, name, source_root)
    return None if raw is None else parse_document(raw, form_of(name), f"{base}:{name}")


def git_file(revision: str, name: Path, folder: Path) -> bytes | None:
    """A file of a folder as a revision of git has it; None where it has it not.

    Raises:
        InputError: git is not installed, the folder is in no repository, no such revision.
    """
    if revision.startswith("-"):
        raise InputError(f'--base "{revision}": expected a folder or a revision of git')
    known = _git(folder, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    if known.returncode:
        raise InputError(
            f'--base "{revision}": neither a folder nor a revision of git in {folder}; git log'
            " lists those that there are"
        )
    found = _git(folder, "show", f"{known.stdout.decode().strip()}:./{name}")
    return None if found.returncode else found.stdout


def _git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    from shutil import which

    program = which("git")
    if program is None:
        raise InputError("--base: git is not installed; give a folder with the older sources")
    return subprocess.run(
        [program, "-C", str(folder), *arguments], capture_output=True, check=False
    )
