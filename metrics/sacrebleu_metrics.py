"""BLEU, chrF++, TER and spBLEU as sacrebleu computes them, ready for stored statistics.

Callers use `metrics.translation.metric`; this file is where sacrebleu is touched. It is imported
inside the functions, because importing it costs a tenth of a second.

>>> [row] = chrf_plus_plus().extract(["Habari"], ["Habari"])
>>> len(row)  # hypothesis, reference and matching n-grams: characters 1-6, words 1-2
24
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metrics.column_scores import bleu_columns, chrf_columns, ter_columns
from metrics.direction import higher_is_better
from metrics.significance import Columns, Row

if TYPE_CHECKING:
    from sacrebleu.metrics.base import Metric as SacrebleuScorer

_BLEU_OF_SEGMENTS = partial(bleu_columns, effective_order=True)

FETCH_SPM = "run `python -m data.catalog fetch spbleu-flores200` and pass the file's path"


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
        """See `metrics.direction`."""
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
    """BLEU over `13a`, `zh` or `char` tokens (see `metrics.writing`)."""
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
