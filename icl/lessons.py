"""Pairs laid out as prompts with their answers: text that teaches a decoder to do what it is asked.

    python -m icl.lessons --lang sw --pairs runs/sw-parallel --out lessons.jsonl
    python -m icl.lessons --lang wo --pairs lafand:train:wo --dictionary auto --direction both
    python -m training.pretrain --objective CLM --model smollm2-135m-instruct --corpus lessons.jsonl

A document is a prompt as `icl.eval` writes it, with `--shots` pairs before the one that is asked,
and the answer behind it. Each pair stands in one document of a direction; the seed deals them out.
Pairs are named as `training.translate` takes them, what `lexaug.synthesize --mode parallel` wrote
among them; `--entries` adds a lexicon's words as pairs of their own. So a model learns a task from
prompts with answers, as Sanh et al. 2022 do with many tasks (https://arxiv.org/abs/2110.08207).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from data.access import Access
from data.bitext import find_bitext
from data.errors import InputError
from data.files import canonical_json, write_whole
from data.languages import Language, resolve
from data.lexicon.load import HEADER, load_lexicon
from data.load import find_language
from data.options import check, command, common, option
from data.parallel import Pair
from data.randomness import stream
from icl.dictionary import open_dictionary
from icl.options import DIRECTIONS, LayoutOptions
from icl.prepare import choose_template
from icl.prompt import Languages, no_hints, render_answered

OUT = Path("lessons.jsonl")


@dataclass(frozen=True)
class LessonsConfig(LayoutOptions):
    """Which pairs are laid out, and how; the options of `python -m icl.lessons`."""

    pairs: tuple[str, ...] = option(
        (),
        "translations: FILE.tsv, FILE.tmx, FILE,FILE, a folder of lexaug.synthesize --mode "
        "parallel, NAME[:SPLIT]:LANGUAGE; once for each",
        metavar="NAME",
        repeated=True,
        group="languages and text",
    )
    entries: str | None = option(
        None,
        "a lexicon whose entries are pairs too: auto, a catalog name, a file",
        metavar="LEXICON",
        group="languages and text",
    )
    direction: str = option(
        "xx-en",
        "xx-en (into English, default), en-xx, both",
        choices=DIRECTIONS,
        group="languages and text",
    )
    limit: int | None = common("--limit", least=1)
    skip_bad: bool = option(
        False,
        "leave bad lines of pairs and lexicons out and count them",
        group="languages and text",
    )
    out: Path = option(OUT, f"file to write to (default {OUT})", metavar="FILE", identity=False)

    def __post_init__(self) -> None:
        """Refuse what cannot be, before anything is read."""
        check(self)
        if self.lang is None:
            raise InputError("--lang is missing: the language beside English, --lang sw")
        if not self.pairs and not self.entries:
            raise InputError("--pairs is missing: translations to lay out, --pairs lafand:train:sw")


def lessons(config: LessonsConfig, access: Access | None = None) -> list[str]:
    """The documents, in the order in which they are to be read.

    Raises:
        InputError: pairs of other languages, a chat's or a translation model's template, which are
            no plain text; what `data.bitext.find_bitext` refuses.
        UnavailableError: pairs or a lexicon cannot be had.
    """
    access = access or Access.of(config)
    template = choose_template(config)
    if template.chat or template.source_start:
        raise InputError(
            f"--template {template.name}: expected one of plain text, such as plain or dictionary;"
            " what a chat or a translation model reads has marks of the model's own"
        )
    language, english = find_language(config.lang or "", access=access), resolve("en")
    pairs = list(_pairs(config, language, access))[: config.limit]
    found = list[str]()
    for direction in ("xx-en", "en-xx"):
        if config.direction not in (direction, "both"):
            continue
        sides = (language, english) if direction == "xx-en" else (english, language)
        dictionary = open_dictionary(config, *sides, access, skip_bad=config.skip_bad)
        turned = pairs if direction == "xx-en" else [(b, a) for a, b in pairs]
        dealt = stream(config.seed, "lessons", direction).sample(turned, len(turned))
        rows = [Pair(str(number), *pair, None) for number, pair in enumerate(dealt)]
        size, hints = config.shots + 1, dictionary.hints if dictionary else no_hints
        found += [
            render_answered(template, rows[at : at + size], Languages.of(*sides), hints)
            for at in range(0, len(rows), size)
        ]
    return stream(config.seed, "lessons").sample(found, len(found))


def _pairs(config: LessonsConfig, language: Language, access: Access) -> Iterator[tuple[str, str]]:
    """The pairs of all names, the language first."""
    for name in config.pairs:
        found = find_bitext(name, access=access, skip_bad=config.skip_bad)
        codes = [resolve(code) for code in found.languages or ()]
        places = [n for n, code in enumerate(codes) if code.same_language(language)]
        if len(places) != 1 or not codes[1 - places[0]].same_language(resolve("en")):
            told = " and ".join(code.bcp47 for code in codes) or "languages that nothing names"
            raise InputError(
                f"--pairs {name}: expected {language.bcp47} and en, found {told}; choose them with"
                f" NAME:{language.bcp47}-en"
            )
        yield from (pair if places == [0] else (pair[1], pair[0]) for pair in found.pairs)
    if config.entries:
        lexicon = load_lexicon(
            language,
            resolve("en"),
            name=None if config.entries == "auto" else config.entries,
            format=config.lexicon_format,
            header=HEADER[config.lexicon_header],
            skip_bad=config.skip_bad,
            access=access,
        )
        yield from ((entry.source, entry.target) for entry in lexicon.entries)


def run(config: LessonsConfig) -> int:
    """The command: write the documents, and say how many."""
    from runfolder.console import say, show

    found = lessons(config, Access.of(config, say))
    write_whole(config.out, "".join(canonical_json({"text": text}) + "\n" for text in found))
    show(f"wrote {config.out}: {len(found):,} documents of up to {config.shots + 1} pairs")
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """The command line over `lessons`."""
    return command("icl.lessons", __doc__ or "", LessonsConfig, run, argv)


if __name__ == "__main__":
    raise SystemExit(main())
