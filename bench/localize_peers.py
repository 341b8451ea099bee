r"""po4a, mdpo and mdpo-llm beside `localize`: who pairs, and who keeps translators' edits.

    python -m bench.localize_peers --root MIRROR --mdpo-llm ENV/bin/python --md2po ENV/bin/md2po

Pairing: of the pairs that were checked by hand (tests/localize/pairs_checked.tsv), how many each
tool has. po4a pairs with po4a-gettextize; mdpo has no pairing: its messages are paired in order
where both sides have as many.

Synchronisation: versions of each section are played in order, with the same stub in the place of an
engine and seeded edits of translators before each one: in the translation for `localize`, in the PO
file for the others, which keep translations there. An edit is lost that is neither in the
translation nor in the PO file (its obsolete entries included) nor in the attic. A tool that is not
there is passed over and named.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from bench.localize import Tally, blocks, play, sections
from icl.engines.stub import accented
from localize.documents import read_document
from localize.pair import pair_documents

FACTS = Path(__file__).parent.parent / "tests" / "localize" / "pairs_checked.tsv"
_NOT_WORD = re.compile(r"[\W_]+")
BEGINNING = 40  # letters by which two spellings of a text are taken to be the same
# What runs in mdpo-llm's own environment: it plays the versions and prints its counts.
RUNNER = r"""
import json, random, sys, tempfile
from pathlib import Path
import polib
from mdpo_llm import MarkdownProcessor
told = {"asked": 0, "edits": 0, "lost": 0, "versions": 0, "failed": 0}
VOWELS = str.maketrans("aeiouAEIOU", "áéíóúÁÉÍÓÚ")
def answer(self, text, reference_pairs=None, usage=None):
    told["asked"] += 1
    return text.translate(VOWELS)
MarkdownProcessor._call_llm = answer
job = json.load(sys.stdin)
for paths in job["sections"]:
    rng, words = random.Random(f"{job['seed']} {Path(paths[0]).parent.name}"), []
    with tempfile.TemporaryDirectory() as folder:
        source, target, po = (Path(folder) / name for name in ("page.md", "out.md", "out.po"))
        for number, path in enumerate(paths):
            source.write_bytes(Path(path).read_bytes())
            before = told["asked"]
            try:
                MarkdownProcessor("stub", "tr", batch_size=0).process_document(source, target, po)
            except Exception:
                told["failed"] += 1
                continue
            if not number:
                told["asked"] = before
            told["versions"] += bool(number)
            page = target.read_text("utf-8") + po.read_text("utf-8")
            told["lost"] += sum(word not in page for word in words)
            words = [word for word in words if word in page]
            entries = polib.pofile(str(po))
            chosen = [one for one in entries if one.msgstr and not one.obsolete]
            for one in rng.sample(chosen, min(rng.randrange(4), len(chosen))):
                word = f"edited{number}x{rng.randrange(10**6)}"
                one.msgstr += " " + word
                words.append(word)
                told["edits"] += 1
            entries.save(str(po))
print(json.dumps(told))
"""


def letters(text: str) -> str:
    """The beginning of a text without anything but letters and digits."""
    return _NOT_WORD.sub("", text.casefold())[:BEGINNING]


def checked() -> Iterator[tuple[str, str, int, int]]:
    """The pairs that a person has read: the set, the document, two lines."""
    for line in FACTS.read_text("utf-8").splitlines()[1:]:
        name, document, source, target = line.split("\t")
        yield name, document, int(source), int(target)


def sides(root: Path, name: str, document: str) -> tuple[Path, Path]:
    """The source and the translation of a document."""
    path = root / name / ("zh" if name == "d2l" else "") / document
    if name == "d2l":
        return root / name / "en" / document, path
    return path.with_stem(f"{path.stem}_origin"), path


def by_po4a(source: Path, target: Path) -> set[tuple[str, str]] | None:
    """The pairs of po4a-gettextize; None where it finds two structures."""
    import polib

    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.po"
        words = ["po4a-gettextize", "-f", "text", "-o", "markdown", "-M", "UTF-8", "-L", "UTF-8"]
        done = subprocess.run(
            [*words, "-m", source, "-l", target, "-p", out],
            capture_output=True,
            check=False,
            cwd=folder,  # where it leaves what failed
        )
        if done.returncode or not out.exists():
            return None
        return {(letters(e.msgid), letters(e.msgstr)) for e in polib.pofile(str(out))}


def by_mdpo(md2po: str, source: Path, target: Path) -> set[tuple[str, str]] | None:
    """Messages of both sides in order; None where one side has more."""
    import polib

    told = []
    for path in (source, target):
        done = subprocess.run([md2po, path], capture_output=True, check=False)
        if done.returncode:
            return None
        told.append([one.msgid for one in polib.pofile(done.stdout.decode("utf-8"))])
    if len(told[0]) != len(told[1]):
        return None
    return {(letters(a), letters(b)) for a, b in zip(*told, strict=True)}


def pairing(root: Path, md2po: str | None, most: int | None) -> Iterator[str]:
    """A row a set and a tool: documents that it pairs, checked pairs that it has."""
    facts = list(checked())
    for name in dict.fromkeys(fact[0] for fact in facts):
        documents = list(dict.fromkeys(fact[1] for fact in facts if fact[0] == name))[:most]
        right, paired = Counter[str](), Counter[str]()
        count = 0
        for document in documents:
            source, target = sides(root, name, document)
            read = read_document(source), read_document(target)
            ours = {(p.source_line, p.target_line) for p in pair_documents(*read)[0]}
            texts: list[dict[int, str]] = [
                {one.line_of(at): letters(s.text) for at, s in reversed([*enumerate(one.segments)])}
                for one in read
            ]
            tools = {"po4a": by_po4a(source, target) if shutil.which("po4a-gettextize") else None}
            tools["mdpo"] = by_mdpo(md2po, source, target) if md2po else None
            for _, _, a, b in (fact for fact in facts if fact[:2] == (name, document)):
                count += 1
                right["localize"] += (a, b) in ours
                wanted = texts[0].get(a, ""), texts[1].get(b, "")
                for tool, found in tools.items():
                    right[tool] += found is not None and wanted in found
            paired["localize"] += 1
            paired.update(tool for tool, found in tools.items() if found is not None)
        for tool in ("localize", "po4a", "mdpo"):
            yield f"{name}\t{tool}\t{paired[tool]} of {len(documents)}\t{right[tool]} of {count}"


def po4a_sync(folders: Sequence[Sequence[Path]], seed: int) -> dict[str, int]:
    """po4a-updatepo over the versions: the stub fills what is untranslated or fuzzy."""
    import polib

    told = Counter[str](asked=0, edits=0, lost=0, versions=0)
    for versions in folders:
        rng, words = random.Random(f"{seed} {versions[0].parent.name}"), list[str]()
        with tempfile.TemporaryDirectory() as folder:
            page, po = Path(folder) / "page.md", Path(folder) / "tr.po"
            for number, version in enumerate(versions):
                page.write_bytes(version.read_bytes())
                command = ["po4a-updatepo", "-f", "text", "-o", "markdown", "-M", "UTF-8"]
                subprocess.run([*command, "-m", page, "-p", po], capture_output=True, check=True)
                entries = polib.pofile(str(po))
                open_ones = [e for e in entries if not e.obsolete and (not e.msgstr or e.fuzzy)]
                told["asked"] += len(open_ones) if number else 0
                told["versions"] += bool(number)
                for one in open_ones:
                    one.msgstr = accented(one.msgid)
                    one.flags = [flag for flag in one.flags if flag != "fuzzy"]
                kept = "\n".join(one.msgstr for one in entries)
                told["lost"] += sum(word not in kept for word in words)
                words = [word for word in words if word in kept]
                there = [one for one in entries if not one.obsolete and one.msgstr]
                for one in rng.sample(there, min(rng.randrange(4), len(there))):
                    word = f"edited{number}x{rng.randrange(10**6)}"
                    one.msgstr += f" {word}"
                    words.append(word)
                    told["edits"] += 1
                entries.save(str(po))
    return dict(told)


def mdpo_llm_sync(python: str, folders: Sequence[Sequence[Path]], seed: int) -> dict[str, Any]:
    """mdpo-llm over the versions, in its own environment."""
    job = {"seed": seed, "sections": [[str(path) for path in paths] for paths in folders]}
    done = subprocess.run(
        [python, "-c", RUNNER], input=json.dumps(job).encode(), capture_output=True, check=True
    )
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main(argv: Sequence[str] | None = None) -> int:
    """Print a row a tool."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, required=True, help="the folder with the books")
    parser.add_argument("--md2po", help="mdpo's command")
    parser.add_argument("--mdpo-llm", help="a Python that has mdpo-llm")
    parser.add_argument("--versions", type=int, help="of each section (default all)")
    parser.add_argument("--documents", type=int, help="of each set (default all)")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(argv)
    if not shutil.which("po4a-gettextize"):
        print("# po4a is not installed")
    for line in pairing(options.root, options.md2po, options.documents):
        print(line, flush=True)
    folders = [
        sorted(folder.glob("*.md"))[: options.versions]
        for folder in sections(options.root / "d2l_history")
    ]
    tally, changed = Tally(), 0
    for versions in folders:
        play(versions, options.seed, tally)
    texts = [[blocks(path.read_text("utf-8")) for path in versions] for versions in folders]
    changed = sum((b - a).total() for one in texts for a, b in pairwise(one))
    rows: dict[str, dict[str, Any]] = {
        "localize": {
            "asked": tally.asked,
            "edits": tally.edits,
            "lost": tally.lost,
            "versions": tally.versions,
        }
    }
    print(f"# blocks that changed: {changed}")
    print("localize", rows["localize"], flush=True)
    if shutil.which("po4a-updatepo"):
        print("po4a", po4a_sync(folders, options.seed), flush=True)
    if options.mdpo_llm:
        print("mdpo-llm", mdpo_llm_sync(options.mdpo_llm, folders, options.seed), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
