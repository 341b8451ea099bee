"""An audit from its model to its scores: candidates, observations, attacks, controls, canaries.

audits are runs (`runfolder.folder`): runs/audit-<hash>/ holds

    observations.jsonl    what each model says of the candidates: target, untrained, shadow-1 ...
    canaries.jsonl        rank and exposure of each canary, and what was read out
    candidates.tsv        the scores of every attack, candidate by candidate
    scores.json    report.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from data.access import Access
from data.files import sha256_file, sha256_text
from data.options import command_line, identity_of, to_json
from data.tsv import write_tsv
from runfolder.folder import RunKind, run_folder
from trust.canary import read_canaries
from trust.canary_attacks import FILE as CANARIES
from trust.canary_attacks import attacked
from trust.config import Advance, Audit
from trust.examples import Candidates, candidates
from trust.exposure import check_pieces
from trust.membership import membership
from trust.observations import FILE as OBSERVATIONS
from trust.observations import Observations, Prepared, known
from trust.report import Audited, finish
from trust.shadows import remove
from trust.targets import find_model, trained_run
from trust.targets import target as target_of

CANDIDATES = "candidates.tsv"
KIND = RunKind(
    "trust.audit",
    {"model": str, "members": list, "others": list, "shadows": int},
    (OBSERVATIONS, CANARIES, "scores.json"),
    ("shadows", CANDIDATES, "report.html"),
    ("numpy", "torch", "transformers"),
)


def run(config: Audit, access: Access, advance: Advance | None) -> Audited:
    """See `trust.audit.audit`."""
    kind, folder, of_run = find_model(config.model, access)
    target = target_of(kind)
    trained = trained_run(of_run, target.command)
    sides = None
    if config.members:
        asked = {"limit": config.limit, "seed": config.seed, "drop": config.drop_shared}
        sides = candidates(target, config.members, config.others, access=access, **asked)  # type: ignore[arg-type]
    canaries = read_canaries(config.canaries, kind) if config.canaries else []
    model = target.open(folder)
    sides = known(target, model, sides) if sides else None
    check_pieces(target, model, canaries)
    identity = {
        **identity_of(config),
        "kind": kind,
        "weights": checksum(folder),
        "sha256": sides.sha256 if sides else "",
        "canaries": sha256_file(config.canaries) if config.canaries else "",
    }
    name = (of_run or folder).name
    options = to_json(config)
    with run_folder(KIND, f"audit-{name}", identity, out=config.out, options=options) as opened:
        about = (trained, model, sides, canaries, opened.folder, access, advance)
        return _finished(Prepared(config, target, *about))


def checksum(folder: Path) -> str:
    """Of the weights of a model folder, whatever their names."""
    files = sorted(folder.rglob("*.safetensors"))
    return sha256_text(" ".join(f"{one.name}:{sha256_file(one)}" for one in files))[:16]


def _finished(prepared: Prepared) -> Audited:
    told: dict[str, Any] = {"membership": None, "canaries": None}
    if prepared.sides is not None:
        with Observations(prepared) as observations:
            sides, evidence, control = observations.every()
        told["membership"], scores = membership(prepared, sides, evidence, control)
        write_candidates(prepared.folder, sides, scores)
        remove(prepared.folder)
    if prepared.canaries:
        told["canaries"] = attacked(prepared)
    told["command"] = command_line("trust.audit", prepared.config)
    return finish(prepared, told)


def write_candidates(
    folder: Path, sides: Candidates, scores: Mapping[str, Sequence[float]]
) -> None:
    """A row a candidate: id, language, whether it is a member, and what each attack says."""
    columns = ("id", "language", "member", *scores)
    rows = [
        [
            one.id,
            one.language or "-",
            "yes" if member else "no",
            *(f"{s[n]:.6g}" for s in scores.values()),
        ]
        for n, (one, member) in enumerate(zip(sides.every, sides.is_member, strict=True))
    ]
    write_tsv(folder / CANDIDATES, columns, rows)
