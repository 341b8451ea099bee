"""From outputs to records with statistics, and from records to scores with full signatures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from unicodedata import normalize

from data.access import Access
from data.catalog import dataset
from data.download import fetch
from data.errors import InputError, UnavailableError
from data.files import canonical_json
from icl.answers import FORMAT, Answer
from icl.backend import Decoding, Request
from icl.run import RunConfig, Task
from icl.store import Record
from metrics.language_id import accepted_labels, language_metric
from metrics.score import Score
from metrics.translation import Metric, metric, score_from_statistics, segment_statistics

RATES = ("copy rate", "empty rate")
TOO_FEW_TOLD = 50.0  # percent of the references: what is told of fewer, is told by chance


def open_metrics(config: RunConfig, task: Task) -> tuple[list[Metric], list[str]]:
    """The metrics of one direction, tokenising as the target language asks, then the rates.

    Returns:
        The metrics, and a note where the outputs' language cannot be told or how well it can.

    Raises:
        InputError: an unknown metric.
        UnavailableError: spBLEU without its SentencePiece model or package.
    """
    target = task.corpus.target
    model = _spm_model(config.offline) if "spBLEU" in config.metrics else None
    try:
        metrics = [
            metric(name, target_language=target.bcp47, spm_model=model)
            for name in (*config.metrics, *RATES)
        ]
    except ModuleNotFoundError as error:
        raise UnavailableError(str(error)) from error
    except ValueError as error:
        raise InputError(f"--metrics: {error}") from error
    identifier, note = _language_identifier(task)
    return [*metrics, *identifier], [note]


def _language_identifier(task: Task) -> tuple[list[Metric], str]:
    """The language rate, with its value for the references: the most that a system can get."""
    target = task.corpus.target
    codes = {target.bcp47, target.iso639_3}
    try:
        rate = language_metric(codes)
    except ModuleNotFoundError as error:
        return [], f"language of the outputs not told: {error}"
    if rate is None:
        return [], f"language of the outputs not told: the identifier does not know {target.name}"
    references = [pair.target for pair in task.scored]
    rows = segment_statistics(rate, references, references)
    ceiling = rate.aggregate([sum(column) for column in zip(*rows, strict=True)])
    labels = ", ".join(accepted_labels(codes))
    weak = "; that is too few for the rate to say anything" if ceiling < TOO_FEW_TOLD else ""
    return [rate], (
        f"language rate: {ceiling:.1f} % of the references are told as {target.name} (accepted"
        f" labels: {labels}){weak}"
    )


def _spm_model(offline: bool) -> Path:
    file = dataset("spbleu-flores200").select("tokenizer")[0]
    try:
        return fetch(file, access=Access(offline=offline)).path
    except UnavailableError as error:
        raise UnavailableError(
            "spBLEU needs its SentencePiece model (where there is a network: "
            f"python -m data.catalog fetch spbleu-flores200): {error}"
        ) from error


def make_records(
    requests: Sequence[Request],
    answers: Sequence[Answer],
    references: Mapping[str, str],
    metrics: Sequence[Metric],
) -> list[dict[str, Any]]:
    """One record a request: what was asked, what was answered, and its statistics by metric.

    Outputs are brought to NFC, as the readers bring references: the metrics compare code points.

    Args:
        references: reference by segment id.
    """
    outputs = [normalize("NFC", answer.text) for answer in answers]
    sources = [request.source for request in requests]
    expected = [references[request.id] for request in requests]
    statistics = {
        m.name: segment_statistics(m, outputs, sources if m.name == "copy rate" else expected)
        for m in metrics
    }
    return [
        {
            "id": request.id,
            "prompt": request.prompt.sha256,
            "source": request.source,
            "reference": expected[index],
            "output": outputs[index],
            "finish": answer.finish,
            "format": FORMAT,
            **({"thinking": answer.thinking} if answer.thinking else {}),
            **_context_of(request),
            "statistics": {name: rows[index] for name, rows in statistics.items()},
        }
        for index, (request, answer) in enumerate(zip(requests, answers, strict=True))
    ]


def _context_of(request: Request) -> dict[str, Any]:
    """The shots and the dictionary entries of a prompt, where it has any."""
    shots = {"shots": list(request.shots)} if request.shots else {}
    hints = {"dictionary": [[h.word, *h.meanings] for h in request.hints]} if request.hints else {}
    return {**shots, **hints}


def decoding_settings(decoding: Decoding) -> dict[str, Any]:
    """The decoding settings as they stand in keys, configurations and signatures."""
    return {
        "decoding": decoding.method,
        "max-new-tokens": decoding.max_new_tokens,
        "stop": canonical_json(list(decoding.stop)),
    }


def scores_of(
    records: Sequence[Record], metrics: Sequence[Metric], seed: int, context: Mapping[str, Any]
) -> tuple[Score, ...]:
    """The corpus scores of these records, each with its interval and full signature."""
    return tuple(
        score_from_statistics(
            m, [record["statistics"][m.name] for record in records], seed=seed
        ).with_context(**context)
        for m in metrics
    )
