"""The options of whatever translates: the languages, the engine, its examples, the terminology."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from data.errors import InputError
from data.options import check, common, option
from icl.engines import EngineOptions, engine_names
from icl.options import SELECTIONS, ExampleOptions, TranslateConfig

NONE = "none"


def _engines() -> Sequence[str]:
    return (NONE, *engine_names())


@dataclass(frozen=True)
class TranslatorOptions(EngineOptions, ExampleOptions):
    """Who is asked for translations, and what they are shown."""

    source_lang: str = option(
        "en", "language of the sources (default en)", metavar="LANG", group="languages and text"
    )
    lang: str | None = common(
        "--lang", group="languages and text", help="language to translate into"
    )
    engine: str = option(
        NONE,
        "what translates; none (default): what is new or changed is left to people",
        choices=_engines,
        group="model",
    )
    shots: int = option(4, "examples in a prompt (default 4)", metavar="K", least=0, group="prompt")
    select: str = option(
        "bm25",
        "which: those most like the text (bm25, r-bm25, embedding), random, first",
        metavar="HOW",
        choices=SELECTIONS,
        group="prompt",
    )
    terms: Path | None = option(
        None,
        "terminology that must hold: a term, a tab, its translations",
        metavar="FILE",
        group="prompt",
    )
    memory: tuple[Path, ...] = option(
        (),
        "tables (.tsv) and translation memories (.tmx) to take texts and examples from",
        metavar="FILE",
        group="prompt",
    )
    longest: int = option(
        1500,
        "characters of a text that is asked at once; longer ones go by sentences (default 1500)",
        metavar="N",
        least=50,
        group="prompt",
    )

    def check_translator(self) -> None:
        """Refuse what cannot be, before anything is read.

        Raises:
            InputError: a wrong value, no language where an engine is asked.
        """
        check(self)
        if self.engine != NONE:
            if self.lang is None:
                raise InputError("--lang is missing: the language to translate into, --lang sw")
            self.for_icl()

    def for_icl(self) -> TranslateConfig:
        """The same options as `icl` takes them."""
        names = [one.name for kind in (EngineOptions, ExampleOptions) for one in fields(kind)]
        return TranslateConfig(**{name: getattr(self, name) for name in names})
