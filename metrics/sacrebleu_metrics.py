"""BLEU, chrF++, TER and spBLEU as sacrebleu computes them, ready for stored statistics.

Callers use `metrics.translation.metric`; this file is where sacrebleu is touched. It is imported
inside the functions, because importing it costs a tenth of a second.

>>> [row] = chrf_plus_plus().extract(["Habari"], ["Habari"])
>>> len(row)  # hypothesis, reference and matching n-grams: characters 1-6, words 1-2
24

A paired test scores tens of thousands of resamples, and one by one that takes seconds a language:
`bleu_columns` and its like score a whole table of them by a few array operations. `totals` has one
line a statistic and one column a resample, shape (width, m), and the answer has shape (m,); one
column alone, shape (width,), gives one number. Tests compare every formula with sacrebleu's own.

>>> import numpy as np
>>> bleu_columns(np.array([[5, 4], [5, 6], [5, 3], [4, 1], [3, 0], [2, 0],
...                        [5, 4], [4, 3], [3, 2], [2, 1]], float)).round(1)
array([100. ,  21.4])

`bleu_tokenization` says how BLEU cuts a target language into tokens:

>>> bleu_tokenization("sw"), bleu_tokenization("zho-CN"), bleu_tokenization("tha_Thai")
('13a', 'zh', 'char')
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metrics.score import higher_is_better
from metrics.significance import Columns, Row

if TYPE_CHECKING:
    from sacrebleu.metrics.base import Metric as SacrebleuScorer


FETCH_SPM = "run `python -m data.catalog fetch spbleu-flores200` and pass the file's path"
MAX_ORDER = 4  # BLEU's longest n-gram
BETA_SQUARED = 4  # chrF++ counts recall twice

_CODE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{1,8})*")
_SCRIPT = re.compile(r"[a-z]{4}")

CHINESE = frozenset(
    {"zh", "zho", "chi", "cmn", "yue", "wuu", "hak", "gan", "hsn", "nan", "lzh", "cdo", "cjy"}
    | {"cpx", "czh", "czo", "mnp"}
)
UNSPACED = frozenset(
    {"ja", "jpn", "th", "tha", "lo", "lao", "km", "khm", "my", "mya", "bur", "shn"}
    | {"bo", "bod", "tib", "dz", "dzo"}
)
CHINESE_SCRIPTS = frozenset({"hani", "hans", "hant"})
UNSPACED_SCRIPTS = frozenset({"jpan", "thai", "laoo", "khmr", "mymr", "tibt"})


def bleu_columns(totals: Columns, *, effective_order: bool = False) -> Columns:
    """BLEU on 0-100 with exponential smoothing (NIST's, Chen and Cherry 2014 method 3).

    Args:
        totals: (10, m): system and reference length, matches for n = 1..4, n-grams for n = 1..4.
        effective_order: stop at the longest n-gram that the system has, as for single segments.
    """
    import numpy as np

    system, reference = totals[0], totals[1]
    correct, total = totals[2 : 2 + MAX_ORDER], totals[2 + MAX_ORDER :]
    there = np.logical_and.accumulate(total > 0)  # orders before the first without any n-gram
    halvings = np.cumsum(there & (correct == 0), axis=0)
    matches = np.where(correct > 0, correct, 0.5**halvings)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.where(there, np.log(100 * matches / total), 0 if effective_order else -np.inf)
        orders = there.sum(axis=0) if effective_order else MAX_ORDER
        brevity = np.where(system < reference, np.exp(1 - reference / system), 1.0)
        score = brevity * np.exp(logs.sum(axis=0) / orders)
    return _capped(np.where((correct > 0).any(axis=0) & (system > 0), score, 0.0))


def chrf_columns(totals: Columns) -> Columns:
    """chrF++ on 0-100: the F2 of precision and recall averaged over the orders that both have.

    Args:
        totals: (3 * orders, m): for each order, n-grams of system, of reference, and in both.
    """
    import numpy as np

    system, reference, both = totals[0::3], totals[1::3], totals[2::3]
    there = (system > 0) & (reference > 0)
    orders = np.maximum(there.sum(axis=0), 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = np.where(there, both / system, 0).sum(axis=0) / orders
        recall = np.where(there, both / reference, 0).sum(axis=0) / orders
        score = (1 + BETA_SQUARED) * precision * recall / (BETA_SQUARED * precision + recall)
    return _capped(np.where(precision + recall > 0, 100 * score, 0.0))


def ter_columns(totals: Columns) -> Columns:
    """TER in percent of the reference's length; may exceed 100. `totals`: (2, m), edits, length."""
    import numpy as np

    edits, length = totals
    with np.errstate(divide="ignore", invalid="ignore"):
        score: Columns = 100 * np.where(length > 0, edits / length, edits > 0)
    return score


def _capped(scores: Any) -> Columns:
    """At most 100: rounding makes a perfect score 100.00000000000004."""
    import numpy as np

    capped: Columns = np.minimum(scores, 100.0)
    return capped


_BLEU_OF_SEGMENTS = partial(bleu_columns, effective_order=True)


@dataclass(frozen=True, slots=True)
class SacrebleuMetric:
    """A sacrebleu scorer with one reference a segment, behind `metrics.translation.Metric`.

    sacrebleu keeps sufficient statistics itself, but under private names; a test compares our
    sums with its public `corpus_score`, so that a change upstream is seen.
    """

    name: str
    width: int  # numbers in a row
    corpus: SacrebleuScorer
    segment: SacrebleuScorer  # another one for BLEU, see `metrics.translation.segment_score`
    columns: Callable[[Columns], Columns]
    segment_columns: Callable[[Columns], Columns]
    ceiling: float = 100.0

    @property
    def higher_is_better(self) -> bool | None:
        """See `metrics.score`."""
        return higher_is_better(self.name)

    @property
    def signature(self) -> str:
        """sacrebleu's own: `nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0`."""
        self.corpus.num_refs = 1  # sacrebleu would learn it from the text
        return str(self.corpus.get_signature())

    def extract(
        self, hypotheses: Sequence[str], references: Sequence[str]
    ) -> list[list[int | float]]:
        """One row a segment as sacrebleu lays it out (BLEU 10 numbers, chrF++ 24, TER 2)."""
        rows = self.corpus._extract_corpus_statistics(hypotheses, [references])
        return [list(row) for row in rows]

    def aggregate(self, totals: Row) -> float:
        """The corpus score of summed rows; TER may exceed 100, the others are on 0-100."""
        return self._figure(self.corpus, totals)

    def aggregate_segment(self, row: Row) -> float:
        """The score of one segment, on the same scale."""
        return self._figure(self.segment, row)

    def aggregate_columns(self, totals: Columns) -> Columns:
        """The corpus scores of many summed rows, one a column: shape (width, m) to (m,)."""
        return self.columns(totals)

    def aggregate_segment_columns(self, rows: Columns) -> Columns:
        """The scores of many segments, one a column."""
        return self.segment_columns(rows)

    def _figure(self, scorer: SacrebleuScorer, totals: Row) -> float:
        figure = float(scorer._compute_score_from_stats(list(totals)).score)
        return min(figure, self.ceiling)  # rounding makes a perfect BLEU 100.00000000000004


def bleu(tokenization: str) -> SacrebleuMetric:
    """BLEU over `13a`, `zh` or `char` tokens (see `metrics.sacrebleu_metrics`)."""
    from sacrebleu.metrics.bleu import BLEU

    segment = BLEU(tokenize="none", effective_order=True)
    scorer = BLEU(tokenize=tokenization)
    return SacrebleuMetric("BLEU", 10, scorer, segment, bleu_columns, _BLEU_OF_SEGMENTS)


def chrf_plus_plus() -> SacrebleuMetric:
    """chrF++: character n-grams to order 6 and word n-grams to order 2."""
    from sacrebleu.metrics.chrf import CHRF

    scorer = CHRF(word_order=2)
    return SacrebleuMetric("chrF++", 24, scorer, scorer, chrf_columns, chrf_columns)


def ter(*, asian: bool) -> SacrebleuMetric:
    """TER; `asian` sets Han characters and punctuation apart, so that they count one by one.

    The search for shifts is slow where words repeat: 2,000 segments of 40 words took 1.2 s
    against unrelated text, but 190 s where both sides drew from the same 50 words (one core).
    """
    from sacrebleu.metrics.ter import TER

    scorer = TER(normalized=asian, asian_support=asian)
    return SacrebleuMetric("TER", 2, scorer, scorer, ter_columns, ter_columns, ceiling=math.inf)


def sp_bleu(model: Path | None) -> SacrebleuMetric:
    """BLEU over the pieces of a local SentencePiece model; never downloads.

    sacrebleu's flores200 tokeniser fetches its model by itself when it is built, so BLEU is
    built with `none` and given a tokeniser that reads the local file; `force`, because pieces
    are no sign of text that was tokenised by mistake.

    Raises:
        ValueError: no file, or the file is not a SentencePiece model.
        ModuleNotFoundError: the sentencepiece package is not installed.
    """
    from sacrebleu.metrics.bleu import BLEU

    scorer = BLEU(tokenize="none", force=True)
    scorer.tokenizer = _pieces_tokenizer(model)
    scorer.tokenizer_signature = scorer.tokenizer.signature()
    segment = BLEU(tokenize="none", effective_order=True)
    return SacrebleuMetric("spBLEU", 10, scorer, segment, bleu_columns, _BLEU_OF_SEGMENTS)


def _pieces_tokenizer(model: Path | None) -> Any:
    from sacrebleu.tokenizers.tokenizer_base import BaseTokenizer

    processor = _load_sentencepiece(model)

    class LocalPieces(BaseTokenizer):
        """What sacrebleu's own flores200 tokeniser does, over a file that is already here."""

        def signature(self) -> str:
            return "flores200"

        def __call__(self, line: str) -> str:
            return " ".join(processor.encode(line, out_type=str))

    return LocalPieces()


def _load_sentencepiece(model: Path | None) -> Any:
    if model is None or not model.is_file():
        raise ValueError(
            f"spBLEU: expected a SentencePiece model file, found {model or 'none'}; {FETCH_SPM}"
        )
    try:
        from sentencepiece import SentencePieceProcessor
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "spBLEU: expected the sentencepiece package, found none; "
            'run `pip install "kilolingua[cpu]"`',
            name=error.name,
        ) from error
    try:
        return SentencePieceProcessor(model_file=str(model))
    except (OSError, RuntimeError) as error:
        raise ValueError(
            f"{model}: expected a SentencePiece model, found another file; {FETCH_SPM}"
        ) from error


def bleu_tokenization(target_language: str | None) -> str:
    """sacrebleu's tokenisation for a target language: `zh`, `char` or `13a`.

    zh    Chinese languages, Cantonese among them: every Han character is a token, the rest as
          in 13a.
    char  languages written without spaces between words: Japanese, Thai, Lao, Khmer, Burmese,
          Shan, Tibetan, Dzongkha. 13a would take a whole clause for one word and find no n-grams.
          sacrebleu's own choice for Japanese is MeCab, which is an optional package: with
          characters the figure does not depend on what is installed.
    13a   everything else, Korean among it, and where no language is given: mteval-v13a, the
          field's default.

    A script subtag, where there is one, decides: `zh_Latn` is pinyin, with spaces, hence 13a.
    The choice stands in the signature as `tok:`; figures with different `tok:` do not compare.

    Raises:
        ValueError: the code is not of the form of a language code.

    >>> [bleu_tokenization(code) for code in ("yue_Hant", "ja", "ko", "bod_Tibt", "zh_Latn")]
    ['zh', 'char', '13a', 'char', '13a']
    >>> bleu_tokenization("Swahili")
    Traceback (most recent call last):
    ...
    ValueError: target language: expected a code such as sw, swa or swh_Latn, found 'Swahili'; \
pass the language's code
    """
    if target_language is None:
        return "13a"
    language, script = _subtags(target_language)
    if script in CHINESE_SCRIPTS or (language in CHINESE and not script):
        return "zh"
    if script in UNSPACED_SCRIPTS or (language in UNSPACED and not script):
        return "char"
    return "13a"


def _subtags(code: str) -> tuple[str, str]:
    """Language and script of a code, lower-case; the script is "" where the code has none."""
    plain = code.lower().replace("_", "-") if isinstance(code, str) else ""
    if not _CODE.fullmatch(plain):
        raise ValueError(
            f"target language: expected a code such as sw, swa or swh_Latn, found {code!r}; "
            "pass the language's code"
        )
    language, *rest = plain.split("-")
    return language, next((tag for tag in rest if _SCRIPT.fullmatch(tag)), "")
