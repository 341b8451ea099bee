"""The page of a retrieval probe: averages by layer, and a table of languages that can be sorted."""

from __future__ import annotations

from collections.abc import Sequence

from metrics.score import signature_pairs
from probe.summary import Retrieved, is_readable, share
from runfolder.page import write_page


def write_report(
    done: Retrieved, measures: Sequence[str], layers: Sequence[int], model: str, command: str
) -> None:
    """Write report.html into the run's folder."""
    last = layers[-1]
    names = [f"{last}|{measure}" for measure in measures]
    baselines = [name for name in done.languages[0]["right"] if "|" not in name]
    write_page(
        done.folder / "report.html",
        "probe",
        "retrieval.html.j2",
        title=f"Retrieval across languages: {model}",
        command=command,
        notes=done.notes,
        averages=[(score, _about(score.signature)) for score in done.averages],
        columns=[*measures, *baselines],
        layer=last,
        languages=[
            {
                "record": record,
                "readable": is_readable(record),
                "shares": [share(record, name) for name in (*names, *baselines)],
            }
            for record in done.languages
        ],
    )


def _about(signature: str) -> dict[str, str]:
    pairs = signature_pairs(signature)
    return {"set": pairs["set"], "measure": pairs["measure"]}
