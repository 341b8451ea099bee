"""What `lexaug.synthesize` is asked to do: its options, checked before anything is fetched.

>>> SynthesisConfig("wo", "news.en", mode="switch").share
0.5
>>> SynthesisConfig("wo", "news.en", keep_share=0.3).rule
'less than 0.3 of its words replaced'
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.errors import InputError
from data.options import check, common, option

MODES = ("mono", "switch", "parallel", "tags")
POLICIES = ("first", "uniform", "frequency", "pos")
FORMATS = ("text", "jsonl", "parquet")
COMPRESSIONS = ("gz", "zst")
TABLES, RULES = "tables", "rules"  # who gives inflected forms, beside the folder of a model
LEAST = 0.8  # confidence of a predicted form; docs/SYNTHESIS.md has what other thresholds give
KEEP_AT_LEAST = 3  # Wang, Ruder and Neubig (2022)
SWITCH_RATIO = 0.5
BLOCK_BYTES = 1 << 20  # of 1, 2 and 4 MiB the one that needs the least memory; none is quicker
STDOUT = Path("-")

KEPT, FORMS, WRITTEN = "what is kept", "inflection", "what is written"
TRANSFER = "from English to the language's own phrases and clauses"
SENSES = ("any", "pos", "nearest", "context")
SENSE_MODEL = "multilingual-e5-small"
ORDERS = ("adjective", "demonstrative", "numeral", "genitive", "adposition", "verb")
UNTRANSLATED = ("keep", "drop")
SELECTIONS = ("all", "coverage")
# What an option of the transfer is where neither it nor a preset says it: off.
OFF: Mapping[str, Any] = {
    "function_words": False, "agreement": False, "sense": "any", "order": "none",
    "untranslated": "keep", "grammar": "none", "select": "all",
}  # fmt: skip
# Wang, Ruder and Neubig (2022): a random translation a word, as the lexicon lists it; and ours.
PRESETS: Mapping[str, Mapping[str, Any]] = {
    "published": {"inflect": False},
    "ours": {
        "function_words": True, "agreement": True, "sense": "pos", "order": "all",
        "untranslated": "drop", "grammar": "auto",
    },
}  # fmt: skip


def _schemes() -> Sequence[str]:
    from data.labels.schemes import SCHEMES

    return SCHEMES


@dataclass(frozen=True, slots=True)
class SynthesisConfig:
    """What to synthesise: the options of `python -m lexaug.synthesize`.

    Attributes:
        ratio: of the matched phrases; None is 0.5 for `switch`, else 1.
        keep_at_least: replaced words that a kept record has; None is 3, 0 for `switch`, and
            1 beside `keep_share`.
        inflect: True asks for inflection, False does without, None takes what is at hand.
        scheme: of labels; None: the first sentences tell.
        block_bytes: of input that are worked on at once; shards of Parquet depend on it.
    """

    lang: str = common("--lang", required=True)
    input: str = option(
        None,
        "English text: a file (.gz and .zst are unpacked), - for standard input, sample, or a"
        " corpus of the catalog such as lafand:train; with --mode tags two columns, ewt:train",
        metavar="NAME",
        required=True,
    )
    mode: str = option(
        "mono",
        "mono (default), switch (mixed with English, keeps all lines), parallel (source and"
        " result), tags (labelled tokens)",
        choices=MODES,
    )
    lexicon: str | None = option(
        None,
        "a data set of the catalog (gatitos, freedict), sample, or a file; several with commas"
        " between; default: the best at hand",
        metavar="NAME",
    )
    lexicon_format: str | None = option(
        None, "of files: table, pairs, muse, dictd, panlex, wiktextract (default: seen)"
    )
    lexicon_header: str | None = option(
        None,
        "whether the first line of a file names its columns, yes or no (default: seen, and said)",
        choices=("yes", "no"),
    )
    policy: str = option(
        "uniform",
        "which of several translations: first, uniform (default), frequency, or pos (fits the"
        " tag; --mode tags)",
        choices=POLICIES,
    )
    ratio: float | None = option(
        None, "share of known phrases to replace (default 1; switch: 0.5)", metavar="R"
    )
    keep_at_least: int | None = option(
        None,
        "keep what has so many words replaced (default 3, as published)",
        metavar="N",
        group=KEPT,
        least=0,
    )
    keep_share: float | None = option(
        None, "instead: keep what has this share of its words replaced", metavar="R", group=KEPT
    )
    skip_bad: bool = option(False, "leave bad lines out and count them", group=KEPT)
    inflect: bool | None = option(
        None,
        "give replacements the inflection of what they replace (default: where there are tables)",
        group=FORMS,
    )
    inflect_with: str = option(
        RULES,
        "who gives the forms: tables; rules (default): those that tables lack are predicted by"
        " rules learned from them; or the FOLDER of a model of morph.train, which predicts them",
        metavar="WAY",
        group=FORMS,
    )
    inflect_confidence: float = option(
        LEAST,
        "from which confidence, 0 to 1, a form that was predicted is used (default 0.8)",
        metavar="R",
        group=FORMS,
    )
    preset: str | None = option(
        None,
        "several options at once, each of which may still be given: published (a random"
        " translation a word, uninflected: Wang et al. 2022) or ours (the transfer below)",
        choices=tuple(PRESETS),
        group=TRANSFER,
    )
    function_words: bool | None = option(
        None,
        "say English articles, auxiliaries, possessives, pronouns and prepositions by forms,"
        " affixes and words of the language, or leave them out",
        group=TRANSFER,
    )
    agreement: bool | None = option(
        None,
        "give verbs the person, number and class of their subject, nouns number and case,"
        " adjectives the class of their noun, where tables have such forms",
        group=TRANSFER,
    )
    sense: str | None = option(
        None,
        "which translations of a word may stand: any, or those of its part of speech in the"
        " sentence (pos), or of these the one nearest by an encoder's vectors to the word"
        " (nearest), or to the word and its sentence (context)",
        choices=SENSES,
        group=TRANSFER,
    )
    sense_model: str = option(
        SENSE_MODEL,
        f"the encoder whose vectors --sense nearest and context compare (default {SENSE_MODEL})",
        metavar="MODEL",
        group=TRANSFER,
    )
    order: str | None = option(
        None,
        "put into the language's order, as WALS has it: none, all, or some of adjective,"
        " demonstrative, numeral, genitive, adposition, verb with commas between",
        metavar="WHAT",
        group=TRANSFER,
    )
    grammar: str | None = option(
        None,
        "a grammar sheet of function words and templates: none, auto (the project's own for the"
        " language, if there is one), or a FILE",
        metavar="NAME",
        group=TRANSFER,
    )
    untranslated: str | None = option(
        None,
        "what becomes of English words that the lexicon lacks, but for names: keep or drop",
        choices=UNTRANSLATED,
        group=TRANSFER,
    )
    tagger: str | None = option(
        None,
        "who says the part of speech of an English word: ewt (counts of that treebank; default"
        " where it can be had) or rules",
        choices=("ewt", "rules"),
        group=TRANSFER,
    )
    select: str | None = option(
        None,
        "which lines are taken: all, or those whose words the lexicon knows best, and not always"
        " the same words (coverage)",
        choices=SELECTIONS,
        group=KEPT,
    )
    select_share: float = option(
        0.5, "the share of lines that --select takes (default 0.5)", metavar="R", group=KEPT
    )
    scheme: str | None = option(
        None,
        "of labels: pos, bio, iob1, bioes, bmes or bilou (default: seen from the first sentences,"
        " and said); names become BIO",
        choices=_schemes,
    )
    provenance: bool = option(False, "write an account of every replacement", group=WRITTEN)
    format: str = option("text", "text (default), jsonl, parquet", choices=FORMATS, group=WRITTEN)
    compress: str | None = option(
        None,
        "pack text, jsonl and provenance",
        metavar="gz|zst",
        choices=COMPRESSIONS,
        group=WRITTEN,
    )
    licence: str | None = option(
        None, "of the input, where it is a file: CC-BY-4.0, ...", metavar="SPDX", group=WRITTEN
    )
    dropped: Path | None = option(
        None,
        "write what is left out, with reasons",
        metavar="FILE",
        group=WRITTEN,
        identity=False,  # of what is in the folder
    )
    out: Path | None = common("--out", identity=False, group=WRITTEN)
    limit: int | None = common("--limit", least=1)
    seed: int = common("--seed", least=0)
    workers: int = common("--workers", least=1, identity=False)
    offline: bool = common("--offline", identity=False)
    block_bytes: int = BLOCK_BYTES

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        check(self)
        self._check_shares()
        self._check_pairs()

    def resolved(self, name: str) -> Any:
        """An option of the transfer: as it was given, else as the preset has it, else off.

        >>> config = SynthesisConfig("wo", "news.en", preset="ours", agreement=False)
        >>> config.resolved("function_words"), config.resolved("agreement")
        (True, False)
        """
        given = getattr(self, name)
        if given is not None:
            return given
        return PRESETS.get(self.preset or "", {}).get(name, OFF.get(name))

    @property
    def transfers(self) -> bool:
        """Whether lines are taken apart and said phrase by phrase, and not word by word."""
        names = ("function_words", "agreement", "sense", "order", "untranslated", "grammar")
        return any(self.resolved(name) != OFF[name] for name in names)

    @property
    def orders(self) -> tuple[str, ...]:
        """The kinds of order that are the language's and not English, of ORDERS."""
        given = self.resolved("order")
        if given in ("none", ""):
            return ()
        return ORDERS if given == "all" else tuple(name.strip() for name in given.split(","))

    @property
    def share(self) -> float:
        """The share of matched phrases that are replaced."""
        if self.ratio is not None:
            return self.ratio
        return SWITCH_RATIO if self.mode == "switch" else 1.0

    @property
    def least(self) -> int:
        """How many words a kept record has replaced at least."""
        if self.keep_at_least is not None:
            return self.keep_at_least
        if self.keep_share is not None:
            return 1 if self.keep_share else 0  # an empty line has all of its words replaced
        return 0 if self.mode == "switch" else KEEP_AT_LEAST

    @property
    def rule(self) -> str:
        """Why a record is dropped that is not bad: the reason it is counted under."""
        if self.keep_share is not None:
            return f"less than {self.keep_share:g} of its words replaced"
        return f"fewer than {self.least} words replaced"

    @property
    def to_stdout(self) -> bool:
        """Whether the records go to standard output and nothing is kept."""
        return self.out == STDOUT

    def _check_shares(self) -> None:
        for flag, share in (
            ("--ratio", self.ratio),
            ("--keep-share", self.keep_share),
            ("--inflect-confidence", self.inflect_confidence),
            ("--select-share", self.select_share),
        ):
            if share is not None and not 0 <= share <= 1:
                raise InputError(f"{flag} {share}: expected a share from 0 to 1")
        if self.mode == "switch" and self.share >= 1:
            raise InputError("--ratio 1: the mode switch needs less than 1; --mode mono takes all")

    def _check_pairs(self) -> None:
        """Refuse options that do not go together."""
        kept = self.keep_at_least is not None, self.keep_share is not None
        if all(kept):
            raise InputError("--keep-at-least and --keep-share exclude each other; give one")
        if self.mode == "switch" and any(kept):
            raise InputError("the mode switch keeps all lines; leave the keep rule out")
        if self.inflect is False and self.inflect_with != RULES:
            raise InputError("--no-inflect and --inflect-with exclude each other; give one")
        if self.mode != "tags" and self.policy == "pos":
            raise InputError("--policy pos needs tagged text: --mode tags")
        if self.mode != "tags" and self.scheme:
            raise InputError("--scheme is for tagged text: --mode tags")
        self._check_transfer()
        if self.format == "parquet" and self.compress:
            raise InputError("--compress is for text and jsonl; Parquet is compressed inside")
        if self.to_stdout and (self.format == "parquet" or self.provenance):
            raise InputError("--out - takes text or jsonl without --provenance; name a folder")

    def _check_transfer(self) -> None:
        """Refuse a transfer where words are replaced one by one, and orders that nobody knows."""
        for name in self.orders:
            if name not in ORDERS:
                raise InputError(
                    f'--order: no such order "{name}"; choose none, all or {", ".join(ORDERS)}'
                )
        if self.resolved("select") != "all" and self.mode == "tags":
            raise InputError("--select is for lines of text; leave it out of --mode tags")
        if not self.transfers:
            return
        if self.mode in ("switch", "tags"):
            raise InputError(
                f"--mode {self.mode} replaces words one by one, so that --preset ours,"
                " --function-words, --agreement, --sense, --order, --grammar and --untranslated"
                " are for --mode mono and parallel"
            )
        if self.share < 1:
            raise InputError("--ratio: phrases are said whole; leave it out, or the transfer")
        if self.resolved("agreement") and self.resolved("inflect") is False:
            raise InputError(
                "--agreement needs forms; leave --no-inflect out, or give --no-agreement"
            )
