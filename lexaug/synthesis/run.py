"""What a run of `lexaug.synthesize` is asked to do, checked before anything is fetched.

>>> SynthesisConfig("wo", "news.en", mode="switch").share
0.5
>>> SynthesisConfig("wo", "news.en", keep_share=0.3).rule
'less than 0.3 of its words replaced'
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from data.errors import InputError
from data.labels.schemes import SCHEMES
from lexaug.made_forms import LEAST, RULES
from lexaug.phrases import POLICIES
from lexaug.synthesis.blocks import BLOCK_BYTES
from lexaug.synthesis.formats import COMPRESSIONS, FORMATS, MODES

KEEP_AT_LEAST = 3  # Wang, Ruder and Neubig (2022)
SWITCH_RATIO = 0.5
STDOUT = Path("-")


@dataclass(frozen=True, slots=True)
class SynthesisConfig:
    """What to synthesise; the options of `python -m lexaug.synthesize`, which documents them.

    Attributes:
        ratio: of the matched phrases; None is 0.5 for `switch`, else 1.
        keep_at_least: replaced words that a kept record has; None is 3, 0 for `switch`, and
            1 beside `keep_share`.
        keep_share: of its words that are replaced in a kept record, 0 to 1.
        inflect: True asks for inflection, False does without, None takes what is at hand.
        inflect_with: who gives inflected forms: `tables`, `rules` too, or the folder of a model.
        inflect_confidence: from which a form that rules or a model make is used, 0 to 1.
        lexicon_format, lexicon_header: how files are read; see `data.lexicons.files.read_lexicon`.
        scheme: of labels, one of `data.labels.schemes.SCHEMES`; None: the first sentences tell.
        block_bytes: of input that are worked on at once; shards of Parquet hang on it.
    """

    lang: str
    input: str
    mode: str = "mono"
    lexicon: str | None = None
    lexicon_format: str | None = None
    lexicon_header: str | None = None
    policy: str = "uniform"
    ratio: float | None = None
    keep_at_least: int | None = None
    keep_share: float | None = None
    inflect: bool | None = None
    inflect_with: str = RULES
    inflect_confidence: float = LEAST
    scheme: str | None = None
    provenance: bool = False
    format: str = "text"
    compress: str | None = None
    limit: int | None = None
    seed: int = 1
    workers: int = 1
    skip_bad: bool = False
    dropped: Path | None = None
    licence: str | None = None
    offline: bool = False
    out: Path | None = None
    block_bytes: int = BLOCK_BYTES

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        for option, value, choices in (
            ("--mode", self.mode, MODES),
            ("--policy", self.policy, POLICIES),
            ("--format", self.format, FORMATS),
            ("--compress", self.compress, (None, *COMPRESSIONS)),
            ("--scheme", self.scheme, (None, *SCHEMES)),
            ("--lexicon-header", self.lexicon_header, (None, "yes", "no")),
        ):
            if value not in choices:
                names = ", ".join(choice for choice in choices if choice)
                raise InputError(f'{option} "{value}": expected one of {names}')
        for option, number, least in (
            ("--limit", self.limit, 1),
            ("--workers", self.workers, 1),
            ("--keep-at-least", self.keep_at_least, 0),
            ("--seed", self.seed, 0),
        ):
            if number is not None and number < least:
                raise InputError(f"{option} {number}: expected {least} or more")
        self._check_shares()
        self._check_pairs()

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
        for option, share in (
            ("--ratio", self.ratio),
            ("--keep-share", self.keep_share),
            ("--inflect-confidence", self.inflect_confidence),
        ):
            if share is not None and not 0 <= share <= 1:
                raise InputError(f"{option} {share}: expected a share from 0 to 1")
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
        if self.format == "parquet" and self.compress:
            raise InputError("--compress is for text and jsonl; Parquet is compressed inside")
        if self.to_stdout and (self.format == "parquet" or self.provenance):
            raise InputError("--out - takes text or jsonl without --provenance; name a folder")
