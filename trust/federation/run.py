"""A federated run from its examples to its scores.

federated runs are runs (`runfolder.folder`): runs/federated-<hash>/ holds

    partition.tsv        who has what; partition.json: how uneven that is
    rounds.jsonl         a line a round: who was asked and answered, the loss, the scores
    state.safetensors    where the run is; begun/: random weights, where clients began with some
    model/               the trained model, as the task's own command writes it
    scores.json    report.html
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from data.access import Access
from data.catalog import catalog
from data.contamination import KeepOut
from data.corpus import NOT_STATED
from data.errors import InputError
from data.files import canonical_json, check_not_removed, sha256_text
from data.options import command_line, identity_of, to_json
from data.randomness import stream
from models.device import find_device
from runfolder.folder import RunKind, cleared_if_refused, run_folder, write_json
from runfolder.records import read_records
from training.folders import PACKAGES, folder_appears_whole
from trust.examples import Example, read
from trust.federation.config import Advance, Federated
from trust.federation.partition import Parts, arrival, partition, statistics, write_partition
from trust.federation.report import Done, finish
from trust.federation.rounds import ROUNDS, Ask, Federation
from trust.federation.scores import Judge
from trust.federation.state import CONTROLS, STATE
from trust.federation.tasks import BEGUN, Setting, Task, task_of

KIND = RunKind(
    "trust.federated",
    {"task": str, "partition": str, "rounds": int, "select": str},
    (ROUNDS, STATE, "model", "scores.json"),
    ("partition.*", CONTROLS, BEGUN, "report.html"),
    PACKAGES,
)


@dataclass(frozen=True)
class Material:
    """What a run learns from and is scored on.

    Attributes:
        training, test: examples, each with an id SET#ROW. dropped: counts by reason.
    """

    training: Sequence[Example]
    test: Sequence[Example]
    dropped: Counter[str]

    @property
    def identity(self) -> dict[str, Any]:
        """What scores hang on."""
        return {name: checksum(getattr(self, name)) for name in ("training", "test")}


def checksum(examples: Sequence[Example]) -> str:
    """Of examples with their labels."""
    rows = [[one.id, one.text, one.language, repr(one.content)] for one in examples]
    return sha256_text(canonical_json(rows))


def material(config: Federated, task: Task, access: Access) -> Material:
    """Read the examples; training examples whose text is tested are left out, and counted.

    Raises:
        InputError: no such set, a set without examples, all of which are tested.
        UnavailableError: a file of the catalog cannot be had.
    """
    found = _read(config.train or task.train, task, access, config.limit, config.seed)
    test = _read(config.test or task.test, task, access, None, config.seed)
    keep_out = KeepOut()
    keep_out.add("test", (one.text for one in test))
    training = [one for one in found if keep_out.find(one.text) is None]
    dropped = Counter({"text of a test set": len(found) - len(training)})
    if not training:
        raise InputError("--train: every example is in a test set too; name other sets")
    return Material(training, test, +dropped)


def _read(
    names: Sequence[str], task: Task, access: Access, limit: int | None, seed: int
) -> list[Example]:
    examples: list[Example] = []
    for name in names:
        found = [
            replace(one, id=f"{name}#{number}")
            for number, one in enumerate(read(task, name, access), 1)
        ]
        if not found:
            raise InputError(f"{name}: expected examples, found none; give another set")
        if limit is not None and limit < len(found):
            places = sorted(stream(seed, "limit", name).sample(range(len(found)), limit))
            found = [found[place] for place in places]
        examples += found
    twice = [name for name, number in Counter(one.id for one in examples).items() if number > 1]
    if twice:
        raise InputError(f"{twice[0].partition('#')[0]}: named twice; name each set once")
    return examples


def dealt(config: Federated, task: Task, found: Material) -> tuple[Parts, list[int]]:
    """Who has what, and when it is there.

    Raises:
        InputError: a partition that these examples cannot have, or more clients a round than there
            are.
    """
    labels = [task.label(one) for one in found.training]
    how = {"clients": config.clients, "seed": config.seed}
    parts = partition(config.partition, found.training, labels, **how)  # type: ignore[arg-type]
    config.check_clients(len(parts.clients))
    return parts, arrival(found.training, config.periods, config.seed)


def run(config: Federated, access: Access, advance: Advance | None, ask: Ask | None = None) -> Done:
    """See `trust.federated.federate`.

    Args:
        ask: how clients are asked that work elsewhere; by default they work here.
    """
    find_device(config.device)  # before anything slow
    begun = begun_in(config, access, Path())
    options = to_json(config)
    with run_folder(KIND, "federated", begun.identity, out=config.out, options=options) as opened:
        folder = opened.folder
        if not (folder / "scores.json").exists():
            with cleared_if_refused(KIND, folder):
                _train(replace(begun, folder=folder), advance, ask)
        return Done.of(folder)


def begun_in(config: Federated, access: Access, folder: Path) -> Begun:
    """A run before its first round: its examples, who has them, what it is."""
    task = task_of(config.task)
    found = material(config, task, access)
    parts, periods = dealt(config, task, found)
    identity = {
        **identity_of(config),
        **found.identity,
        "parts": sha256_text(canonical_json([parts.names, parts.clients])),
    }
    return Begun(config, task, found, parts, periods, identity, folder, access)


@dataclass(frozen=True)
class Begun:
    """A run whose folder is open."""

    config: Federated
    task: Task
    found: Material
    parts: Parts
    periods: Sequence[int]
    identity: Mapping[str, Any]
    folder: Path
    access: Access

    @property
    def labels(self) -> list[str]:
        """Of the training examples."""
        return [self.task.label(one) for one in self.found.training]

    @property
    def setting(self) -> Setting:
        """What the task is opened with."""
        return setting_of(self.config, self.folder, self.access)


def setting_of(config: Federated, folder: Path, access: Access) -> Setting:
    """What a task is opened with."""
    names = ("model", "config", "tokenizer", "pooling", "hidden", "lora", "length", "batch_tokens")
    values = {name: getattr(config, name) for name in names}
    frozen = config.freeze is not None
    return Setting(**values, freeze=frozen, seed=config.seed, folder=folder, access=access)


def _train(begun: Begun, advance: Advance | None, ask: Ask | None) -> None:
    config, folder = begun.config, begun.folder
    labels, training = begun.labels, begun.found.training
    told = statistics(begun.parts, labels, [one.language for one in training])
    write_partition(folder / "partition.tsv", begun.parts, training, labels, begun.periods)
    write_json(folder / "partition.json", {"partition": config.partition, **told})
    opened = begun.task.open(begun.setting, training)
    judge = Judge(opened, begun.found.test)
    about = (config, opened, begun.parts, begun.periods, begun.identity, config.workers)
    federation = Federation(*about)
    for row in federation.run(folder, judge.figures, ask):
        if advance is not None:
            advance("rounds", row["round"], config.rounds)
    check_not_removed(folder / "config.json")
    results = judge.scores({"model": folder.name, "task": config.task})
    with folder_appears_whole(folder / "model") as out:
        opened.save(out)
    rounds = [row for _, row in read_records(folder / ROUNDS)]
    guarantee = federation.guarantee
    finish(
        folder,
        config,
        {
            **results,
            "partition": told,
            "training": _training(rounds),
            "notes": [*opened.notes, *_notes(begun, guarantee.notes() if guarantee else [])],
            "dropped": dict(begun.found.dropped),
            "privacy": guarantee.told(config.rounds) if guarantee else None,
            "data": list(_sets(begun)),
            "examples": begun.found.identity,
            "command": command_line("trust.federated", config),
        },
        begun.parts,
        labels if told["label_distance"] is not None else [one.language for one in training],
        rounds,
    )


def _sets(begun: Begun) -> Iterator[dict[str, Any]]:
    """The sets that clients train on and that are scored, as other runs state theirs."""
    for role in ("train", "test"):
        examples = begun.found.training if role == "train" else begun.found.test
        found: defaultdict[str, list[str]] = defaultdict(list)
        for one in examples:
            found[one.id.rpartition("#")[0]].append(one.language)
        for name, languages in found.items():
            entry = catalog().get(name.rpartition("=")[2].partition(":")[0].lower())
            yield {
                "name": name,
                "role": role,
                "language": ",".join(sorted({*languages} - {""})),
                "licence": NOT_STATED if entry is None else entry.licence,
                "texts": len(languages),
            }


def _training(rounds: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What all rounds took."""
    counts = ("asked", "answered", "dropped out", "too late", "empty", "examples", "steps")
    return {
        "rounds": len(rounds),
        **{name: sum(row.get(name, 0) for row in rounds) for name in counts},
        "clients seen": len({client for row in rounds for client in row["clients"]}),
        "sent": rounds[-1]["sent"],
        "received": rounds[-1]["received"],
    }


def _notes(begun: Begun, private: Sequence[str]) -> list[str]:
    """What whoever reads the scores must know."""
    notes, config = list(private), begun.config
    known = {one.language for one in begun.found.training}
    if lacking := sorted({one.language for one in begun.found.test} - known):
        notes.append(f"no client has examples of {', '.join(lacking)}: its scores are of transfer")
    if empty := begun.parts.sizes.count(0):
        notes.append(f"{empty:,} of {len(begun.parts.clients):,} clients have no example")
    if config.periods > 1:
        notes.append("periods are drawn: the sets at hand have no times")
    if config.masks:
        notes.append("masks come from the seed: a simulation shows the sums, and protects nobody")
    return notes
