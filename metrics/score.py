"""A score is never a bare number: it carries its interval, its n and how to get it again.

>>> chrf = Score("chrF++", 41.25, 39.8, 42.7, "nrefs:1|nw:2|version:2.6.0", 1997,
...              "95% bootstrap, 1000 resamples, seed 1")
>>> print(chrf)
chrF++ 41.2 [39.8, 42.7]
>>> chrf.with_context(test="ntrex-128", shots=1).signature
'nrefs:1|nw:2|version:2.6.0|test:ntrex-128|shots:1'

`higher_is_better` says of every metric of the project, and of those that others publish, which
way is up: tables, verdicts, wins and losses, orders of segments ask here. A name that is not known
has no direction, and then nobody is told to be better.

>>> higher_is_better("chrF++"), higher_is_better("TER"), higher_is_better("MetricX-24-XL")
(True, False, False)
>>> higher_is_better("wmt22-comet-da"), higher_is_better("our fluency")
(True, None)
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any
from urllib.parse import quote, unquote

_KEY = re.compile(r"[a-z][a-z0-9_-]*")
# What would end a pair or a line: `|`, control characters, the two Unicode separators; and the
# escape sign itself, so that reading back is exact.
_ESCAPED = re.compile(r"[%|\x00-\x1f\x7f-\x9f\u2028\u2029]")

HIGHER = frozenset(
    {
        *("bleu", "spbleu", "sacrebleu", "chrf", "meteor", "nist", "rouge", "rougel", "rougelsum"),
        *("comet", "xcomet", "cometkiwi", "africomet", "cometinho", "unite", "prism"),
        *("bleurt", "bertscore", "bartscore", "yisi", "blaser", "gleu"),
        *("accuracy", "acc", "auroc", "match", "precision", "recall", "f1", "mcc", "las", "uas"),
        *("language",),  # the share of outputs in the language that was asked for
    }
)
LOWER = frozenset(
    {
        *("ter", "hter", "wer", "cer", "mer", "error", "errors", "distance", "levenshtein"),
        *("metricx", "perplexity", "ppl", "bits", "bpb", "bpc", "loss", "entropy", "nll"),
        *("premium", "fertility"),  # pieces of a tokenizer
        *("mae", "mse", "rmse", "copy", "empty"),  # copied and empty outputs
    }
)
# Scores that some tools print as penalties and others as their negatives; signs turned around;
# differences, ranks and prices of a metric, which are none of it.
UNCLEAR = frozenset(
    {
        *("mqm", "neg", "negative", "negated", "inverse", "inverted", "minus", "reversed"),
        *("no", "not", "non", "complement", "lower", "higher"),
        *("drop", "delta", "diff", "difference", "gap", "change", "reduction", "reduced", "cut"),
        *("decrease", "increase", "improvement", "gain", "cost", "penalty", "regret", "rank"),
        *("ranking", "variance", "std", "stdev", "deviation"),
    }
)
STATED: dict[
    str, bool
] = {}  # what a registered metric says of itself (metrics.translation.register)
WITHOUT = frozenset({"free", "without"})  # errors; COMET without a reference is a COMET

_SUBTRACTION = re.compile(r"\s*(?:[0-9.,]+\s*%?\s*)?[-\u2010-\u2015\u2212]")  # 100 - TER
_WORD = re.compile(r"[^\W\d_]+[0-9]*")


@dataclass(frozen=True, slots=True)
class Score:
    """One figure and everything that is needed to believe it and to get it again.

    BLEU, chrF++, accuracy and rates are on 0-100; TER starts at 0 and may exceed 100.
    `interval` says how `low` and `high` were made: "95% bootstrap, 1000 resamples, seed 1".

    `low <= value <= high` holds for ordinary data but is not required: a percentile interval
    may leave the value out when n is small or the metric is biased under resampling (BLEU over
    a few segments). Moving a bound to cover the value would hide that, so only `low <= high` is
    checked. With n = 1 the interval has no width and says nothing.

    Raises:
        ValueError: a figure is not finite, low > high, n < 1, or the name is empty.

    >>> Score("BLEU", 12.3, 10.1, 14.6, "tok:13a", 0, "95% bootstrap, 1000 resamples, seed 1")
    Traceback (most recent call last):
    ...
    ValueError: Score BLEU: n: expected a whole number of at least 1, found 0; score some segments
    """

    name: str
    value: float
    low: float
    high: float
    signature: str
    n: int
    interval: str

    def __post_init__(self) -> None:
        for field in ("name", "signature", "interval"):
            _check_string(self, field)
        for field in ("value", "low", "high"):
            _check_finite(self, field)
        if isinstance(self.n, bool) or not isinstance(self.n, int) or self.n < 1:
            raise ValueError(
                f"Score {self.name}: n: expected a whole number of at least 1, found {self.n!r}; "
                "score some segments"
            )
        if self.low > self.high:
            raise ValueError(
                f"Score {self.name}: expected low <= high, found [{self.low}, {self.high}]; "
                "swap them"
            )

    def __str__(self) -> str:
        return f"{self.name} {self.value:.1f} [{self.low:.1f}, {self.high:.1f}]"

    def to_dict(self) -> dict[str, Any]:
        """The fields in their order, ready for JSON; `from_dict` reads them back."""
        return asdict(self)

    @property
    def higher_is_better(self) -> bool | None:
        """Whether a higher value is better; None where nobody said (see `higher_is_better`)."""
        return higher_is_better(self.name)

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Score:
        """A score from `to_dict`'s record; a missing or unknown field is an error.

        >>> bleu = Score("BLEU", 12.3, 10.1, 14.6, "tok:13a", 100, "95% bootstrap")
        >>> Score.from_dict(bleu.to_dict()) == bleu
        True
        >>> Score.from_dict({"name": "BLEU", "score": 12.3})
        Traceback (most recent call last):
        ...
        ValueError: Score record: missing value, low, high, signature, n, interval; unknown score; \
expected name, value, low, high, signature, n, interval
        """
        expected = [field.name for field in fields(cls)]
        missing = [name for name in expected if name not in record]
        unknown = [str(name) for name in record if name not in expected]
        if missing or unknown:
            raise ValueError(
                f"Score record: missing {', '.join(missing) or 'none'}; "
                f"unknown {', '.join(unknown) or 'none'}; expected {', '.join(expected)}"
            )
        return cls(**record)

    def with_context(self, **pairs: str | int | float | bool) -> Score:
        """The same score with `|key:value` added to its signature, as sacrebleu writes them.

        Keys are lower-case words that the signature does not have yet. True and False become
        yes and no. In a value, `|`, `%`, control characters and line separators are
        percent-encoded as in a URL; `signature_pairs` decodes them.

        Raises:
            ValueError: a key is badly formed or already there, or a value has another type.

        >>> bleu = Score("BLEU", 12.3, 10.1, 14.6, "tok:13a", 100, "95% bootstrap")
        >>> bleu.with_context(template="Kiswahili: {x}\\n", greedy=True).signature
        'tok:13a|template:Kiswahili: {x}%0A|greedy:yes'
        >>> bleu.with_context(tok="zh")
        Traceback (most recent call last):
        ...
        ValueError: signature: expected a new key, found "tok", which is already there (tok:13a); \
use another key
        """
        present = signature_pairs(self.signature)
        written = [self.signature] if self.signature else []
        for key, value in pairs.items():
            _check_new_key(key, present)
            written.append(f"{key}:{_escape(key, value)}")
        return replace(self, signature="|".join(written))


def signature_pairs(signature: str) -> dict[str, str]:
    """The keys and values of a signature, decoded, in order.

    >>> signature_pairs("nrefs:1|tok:13a|template:{x}%0A")
    {'nrefs': '1', 'tok': '13a', 'template': '{x}\\n'}
    >>> signature_pairs("")
    {}
    """
    parts = [part.partition(":") for part in signature.split("|") if part]
    return {key: unquote(value) for key, _, value in parts}


def _escape(key: str, value: str | int | float | bool) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, str | int | float):
        raise ValueError(
            f"signature: {key}: expected text, a number or yes/no, found {value!r}; "
            "leave the key out or give its value as text"
        )
    return _ESCAPED.sub(lambda found: quote(found[0], safe=""), str(value))


def _check_new_key(key: str, present: Mapping[str, str]) -> None:
    if not _KEY.fullmatch(key):
        raise ValueError(
            f"signature: expected a key of lower-case letters, digits, - and _, found {key!r}; "
            "rename it"
        )
    if key in present:
        raise ValueError(
            f'signature: expected a new key, found "{key}", which is already there '
            f"({key}:{present[key]}); use another key"
        )


def _check_string(score: Score, field: str) -> None:
    text = getattr(score, field)
    if not isinstance(text, str) or (field == "name" and not text):
        raise ValueError(f"Score: {field}: expected text, found {text!r}; pass a string")


def _check_finite(score: Score, field: str) -> None:
    figure = getattr(score, field)
    number = isinstance(figure, int | float) and not isinstance(figure, bool)
    if not number or not math.isfinite(figure):
        raise ValueError(
            f"Score {score.name}: {field}: expected a finite number, found {figure!r}; "
            "check the statistics that it was made from"
        )


def higher_is_better(name: str) -> bool | None:
    """True where a higher score of this metric is better, False where a lower one is, else None.

    A name is known by its words, whatever the version or size beside them: "COMET-22", "BLEU 4".

    >>> [higher_is_better(n) for n in ("BERTScore_F1", "word error rate", "1-TER", "GEMBA-MQM")]
    [True, False, None, None]
    >>> [higher_is_better(n) for n in ("100-TER", "BLEU drop", "error-free", "COMET w/o ref.")]
    [None, None, None, True]
    """
    if name in STATED:
        return STATED[name]
    words = {_family(word) for word in _WORD.findall(name.lower())}
    if words & UNCLEAR or _SUBTRACTION.match(name):
        return None
    higher, lower = bool(words & HIGHER), bool(words & LOWER)
    if lower and words & WITHOUT:
        return None
    return higher if higher != lower else None


def _family(word: str) -> str:
    """A word without the number of its version: comet22, chrf2; f1 is a name itself."""
    return word if word in HIGHER else word.rstrip("0123456789")
