"""A finished run for other people's tools: plain text for scorers, samples for viewers.

    python -m icl.export runs/icl-sw-1f0c --out exported
    cd exported && sacrebleu sw-en.ref.txt -i sw-en.model.hyp.txt -m bleu chrf --chrf-word-order 2

Per direction a source and a reference file, per system a hypothesis file, a sentence a line in the
order of the test set; and `samples_*.jsonl` in the layout that lm-evaluation-harness logs
(0.4.13), which its viewers open. Prompts are rendered again from the run's options; the model is
not run.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.errors import InputError
from data.files import write_whole
from data.options import command
from icl.options import ExportConfig

if TYPE_CHECKING:
    from icl.engines import Request
    from icl.system import System
    from runfolder.records import Record

FILTER = "none"  # what lm-evaluation-harness calls an answer that nothing was done to


def export(folder: Path, out: Path | None = None) -> list[Path]:
    """Write the files of a finished run into `out` (default: `folder`/export).

    Raises:
        InputError: no finished run, or its answers are not those that its options ask for now
            (the test set or the model has changed since).
    """
    out = out or folder / "export"
    date = datetime.fromtimestamp(_finished(folder), UTC).strftime("%Y-%m-%dT%H-%M-%S.%f")
    written: list[Path] = []
    for system, records in _answers(folder):
        direction = system.task.direction
        texts = {f"{direction}.{system.name}.hyp.txt": [r["output"] for r in records]}
        if system.name == "model":
            texts[f"{direction}.src.txt"] = [r["source"] for r in records]
            texts[f"{direction}.ref.txt"] = [r["reference"] for r in records]
        for name, lines in texts.items():
            write_whole(out / name, "".join(f"{_one_line(line)}\n" for line in lines))
        task = f"{system.task.corpus.name}_{direction}_{system.name}"
        samples = (json.dumps(s, ensure_ascii=False) for s in lm_eval_samples(system, records))
        name = f"samples_{task}_{date}.jsonl"
        write_whole(out / name, "".join(f"{line}\n" for line in samples))
        written += [out / name for name in (*texts, name)]
    return written


def _finished(folder: Path) -> float:
    """When the run was scored."""
    try:
        return (folder / "scores.json").stat().st_mtime
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(f"{folder}: no scores.json; run icl.eval to its end first") from error


def _answers(folder: Path) -> Iterator[tuple[System, list[Record]]]:
    """Each system of the run, and what it answered, in the order of the test set."""
    from data.access import Access
    from icl.evaluate import open_systems
    from icl.prepare import prepare
    from icl.store import read_options, read_records

    config, _ = read_options(folder)
    access = Access.of(config)
    prepared = prepare(replace(config, out=folder), access)
    systems, _ = open_systems(prepared, access, needs_answers=False)
    stored = {(r["id"], r["key"]): r for _, r in read_records(folder / "segments.jsonl")}
    for system in systems:
        found = [stored.get((r.id, system.keys[r.id])) for r in system.requests]
        records: list[Record] = [r for r in found if r is not None and system.keeps(r)]
        if len(records) < len(found):
            raise InputError(
                f"{folder}: {len(found) - len(records)} of {len(found)} answers of {system.name}, "
                f"{system.task.direction}, are not there; run icl.eval with the same options again"
            )
        yield system, records


def _one_line(text: str) -> str:
    """The text without line breaks, which no tokeniser of the metrics tells from spaces."""
    return " ".join(text.splitlines())


def lm_eval_samples(system: System, records: Sequence[Record]) -> Iterator[dict[str, Any]]:
    """The records as lm-evaluation-harness 0.4.13 logs samples of a generation task."""
    settings = {
        "until": list(system.decoding.stop),
        "max_gen_toks": system.decoding.max_new_tokens,
        "do_sample": False,
        "temperature": 0.0,
    }
    for number, (request, record) in enumerate(zip(system.requests, records, strict=True)):
        yield _sample(number, request, record, settings)


def _sample(
    number: int, request: Request, record: Record, settings: Mapping[str, Any]
) -> dict[str, Any]:
    doc = {key: record[key] for key in ("id", "source", "reference")}
    turns = (f"{role}: {content}" for role, content in request.prompt.messages)
    prompt = request.prompt.text or "\n".join(turns)
    scores = dict(_segment_scores(record))
    return {
        "doc_id": number,
        "doc": doc,
        "target": record["reference"],
        "arguments": {"gen_args_0": {"arg_0": prompt, "arg_1": dict(settings)}},
        "resps": [[record["output"]]],
        "filtered_resps": [record["output"]],
        "filter": FILTER,
        "metrics": list(scores),
        "doc_hash": _hash(json.dumps(doc, indent=2, ensure_ascii=False)),
        "prompt_hash": _hash(prompt),
        "target_hash": _hash(record["reference"]),
        **scores,
    }


def _segment_scores(record: Record) -> Iterable[tuple[str, float]]:
    """The segment's own BLEU and chrF++, which are not what the corpus scores average."""
    from metrics.translation import metric, segment_score

    for name in ("BLEU", "chrF++"):
        if name in record["statistics"]:
            yield name, segment_score(metric(name), record["statistics"][name])


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def main(argv: Sequence[str] | None = None) -> int:
    """The command line over `export`."""
    return command("icl.export", __doc__ or "", ExportConfig, _run, argv)


def _run(config: ExportConfig) -> None:
    from runfolder.console import show

    for path in export(Path(config.run or ""), config.out):
        show(f"wrote {path}")


if __name__ == "__main__":
    raise SystemExit(main())
