"""What run folders know of a model: read, and never measured anew.

    found = gather("runs/nlu-1f2e", Path("runs"), Access())

The model's own run says how it was trained and scored. Of other runs those count that are of the
same weights: a name is not enough, a run has the revision or the checksum of what it looked at. Of
two runs that tell the same figure of the same language the newer counts. A kind of run is a row of
READERS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from data.access import Access
from data.bounded import read_json
from data.errors import InputError, KilolinguaError
from data.languages import resolve
from models.resolve import RUNS_MODEL, Model, resolve_model, resolve_tokenizer
from models.weights import stored_parameters
from trust.model_card.facts import (
    ALL,
    DATA,
    FAIRNESS,
    FEDERATION,
    PIECES,
    PRIVACY,
    QUALITY,
    SHUFFLED,
    SIZE,
    Card,
    Cell,
    Fact,
    Missing,
    Row,
)
from trust.run import checksum

MODEL = "model"  # the system of a run that is no baseline
FREE = "best of what costs nothing"
TASKS = {  # of a command: Hugging Face's name, and what its figures are called on the page
    "nlu.train": ("text-classification", "intents and slots"),
    "training.tag": ("token-classification", "tags"),
    "training.classify": ("text-classification", "topics"),
    "training.pretrain": ("", "language model"),
    "training.translate": ("translation", "translation"),
    "morph.train": ("text2text-generation", "inflection"),
    "trust.federated": ("", "federated"),
    "training.distil": ("", "distilled"),
}
NAMED = {  # what a federated run's figures are called on the page
    "empty": "without an example", "least": "examples of a client: least", "gini": "Gini",
    "label_distance": "distance in labels", "language_distance": "distance in languages",
    "examples": "examples seen", "received": "bytes to the server", "sent": "bytes to clients",
}  # fmt: skip
UNITS = ("utterances", "sentences", "texts", "documents", "tokens")
MEASURES = {"weat": 2, "seat": 2, "ceat": 2, "sensitivity": 2}  # digits of their figures


@dataclass
class _Found:
    """What is being gathered."""

    model: str
    resolved: Model
    own: Path | None
    tokenizer: str
    weights: str
    rows: dict[tuple[str, str, str], Row] = field(default_factory=dict)
    facts: list[Fact] = field(default_factory=list)
    data: list[Mapping[str, Any]] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def identity(self) -> str:
        """name@revision."""
        return f"{self.resolved.name}@{self.resolved.revision}"

    def add(self, row: Row) -> None:
        """A row; where one is there, only languages that it has not."""
        if not row.cells:
            return
        key = (row.section, row.name, row.about)
        before = self.rows.get(key)
        if before is not None:
            cells = {**row.cells, **before.cells}
            run = before.run if row.run in before.run.split(", ") else f"{before.run}, {row.run}"
            row = Row(row.section, row.name, cells, run, row.about, row.higher_is_better)
        self.rows[key] = row

    def fact(self, section: str, name: str, text: str, run: str = "") -> None:
        """A fact, once."""
        one = Fact(section, name, text, run)
        if one not in self.facts:
            self.facts.append(one)


def gather(model: str, runs: Path, access: Access = Access()) -> Card:
    """All that the runs of a folder know of a model.

    Raises:
        InputError: no such model, a folder that is no run and no model.
        UnavailableError: the model cannot be had.
    """
    found = _begun(model, access)
    told = read_json(found.own / "config.json", dict) if found.own else {}
    command = str(told.get("command", ""))
    if found.own is not None:
        _own(found, found.own, command)
        if limit := (told.get("options") or {}).get("limit"):
            found.fact(DATA, "limit", f"{limit:,} of the examples were drawn", found.own.name)
    for folder in _newest(runs):
        if found.own is not None and folder.resolve() == found.own.resolve():
            continue
        try:
            _read(found, folder)
        except (KilolinguaError, KeyError, TypeError, ValueError, AttributeError) as error:
            found.notes.append(f"{folder.name}: not read: {error}")
    _size(found)
    task, base = _task(found, command), _base(told)
    return Card(
        model, found.resolved.name, found.resolved.revision, task, base, tuple(found.rows.values()),
        tuple(found.facts), tuple(_missing(found, command)), tuple(found.data),
        tuple(dict.fromkeys(found.sources)), tuple(dict.fromkeys(found.notes)),
    )  # fmt: skip


def _begun(model: str, access: Access) -> _Found:
    path = Path(model)
    if path.is_dir() and not any(
        (at / "config.json").is_file() for at in (path, path / RUNS_MODEL)
    ):
        raise InputError(
            f"{path}: expected the folder of a run or of a model, found no config.json in it; name"
            " another --model"
        )
    if (path / "config.json").is_file() and not (path / RUNS_MODEL).is_dir():
        told = read_json(path / "config.json", dict)
        if "run" in told:
            command = told.get("command", "another command")
            raise InputError(
                f"{path}: a run of {command} without a model in it (model/); if it was to make one,"
                " it has not finished: start its command again, or name another --model"
            )
    resolved = resolve_model(model, access)
    own = resolved.folder.parent if resolved.folder.name == RUNS_MODEL else None
    if own is None and (path / RUNS_MODEL).is_dir():
        own = path
    if own is not None and not (own / "config.json").is_file():
        own = None
    tokenizer = resolve_tokenizer(model, access)
    cut = f"{tokenizer.name}@{tokenizer.revision}"
    return _Found(model, resolved, own, cut, checksum(resolved.folder))


def _newest(runs: Path) -> list[Path]:
    paths = sorted(runs.glob("*/scores.json"), key=lambda p: (-p.stat().st_mtime_ns, p))
    return [path.parent for path in paths if (path.parent / "config.json").is_file()]


def _read(found: _Found, folder: Path) -> None:
    """A run that is not the model's own, if it is of the model."""
    told = read_json(folder / "config.json", dict)
    command, identity = str(told.get("command", "")), told.get("run") or {}
    reader = READERS.get(command)
    if reader is not None and reader(found, folder, identity):
        found.sources.append(folder.name)


def _own(found: _Found, run: Path, command: str) -> None:
    path = run / "scores.json"
    found.sources.append(run.name)
    if not path.is_file():
        found.notes.append(f"{run.name} has not finished: it has no scores.json")
        return
    told = read_json(path, dict)
    _quality(found, run, told, "")
    _privacy(found, run, told)
    for one in told.get("data") or []:
        if isinstance(one, Mapping) and one.get("role") not in ("test", "dev"):
            found.data.append(dict(one))
    if command == "trust.federated":
        _federation(found, run, told)
    for note in told.get("notes") or []:
        found.notes.append(str(note))


def _quality(found: _Found, run: Path, told: Mapping[str, Any], about: str) -> None:
    """Scores of a run's test sets by language, and of the best that costs nothing."""
    systems: dict[tuple[str, str], dict[str, Cell]] = {}
    for result in [*(told.get("results") or []), *(told.get("rows") or [])]:
        scores = result.get("scores") or [one for one in [result.get("score")] if one]
        for score in scores:
            code = _code(result)
            name = str(score["name"])
            system = MODEL if result.get("system", MODEL) == MODEL else FREE
            cells = systems.setdefault((name, system), {})
            cell = Cell.of(score)
            if code not in cells or (cell.value > cells[code].value and system == FREE):
                cells[code] = cell
    for (name, system), cells in systems.items():
        label = name if system == MODEL else f"{name}, {FREE}"
        better = True if system == MODEL else None
        found.add(Row(QUALITY, label, cells, run.name, about, better))


def _code(result: Mapping[str, Any]) -> str:
    """The column of a result: its language, else the end of its test set's name."""
    for given in (result.get("language"), str(result.get("test", "")).rpartition(":")[2]):
        if given:
            try:
                resolve(str(given))
            except InputError:
                continue
            return str(given)
    return str(result.get("test") or result.get("direction") or ALL)


def _privacy(found: _Found, run: Path, told: Mapping[str, Any]) -> None:
    promise = told.get("privacy")
    if not promise:
        found.fact(PRIVACY, "promise", "none: it was trained without one", run.name)
        return
    epsilon, delta = float(promise["epsilon"]), float(promise["delta"])
    unit = str(promise.get("unit", "unit"))
    text = f"epsilon {epsilon:.2f} at delta {delta:g}, of one {unit}"
    found.fact(PRIVACY, "promise", f"{text} ({promise.get('accountant', '')})", run.name)
    found.add(Row(PRIVACY, f"epsilon, of one {unit}", {ALL: Cell(epsilon, digits=2)}, run.name,
                  higher_is_better=False))  # fmt: skip


def _federation(found: _Found, run: Path, told: Mapping[str, Any]) -> None:
    parts, training = told.get("partition") or {}, told.get("training") or {}
    parts = {"in all" if key == "examples" else key: value for key, value in parts.items()}
    for name, record in (("partition", parts), ("training", training)):
        pairs = (f"{NAMED.get(key, key)} {_plain(value)}" for key, value in record.items())
        text = ", ".join(one for one in pairs if not one.endswith(" None"))
        found.fact(FEDERATION, name, text, run.name)
    for one in told.get("worst") or []:
        if one.get("system") == MODEL:
            text = f"{one['language']}: {one['score']['name']} {Cell.of(one['score']).text()}"
            found.fact(FEDERATION, "worst-served language", text, run.name)


def _plain(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int | float) else str(value)


def _cost(found: _Found, folder: Path, identity: Mapping[str, Any]) -> bool:
    if found.tokenizer not in (identity.get("model") or []):
        return False
    told = read_json(folder / "scores.json", {"languages": [dict]})
    figures = (("premium", "pieces beside English"), ("pieces_a_word", "pieces a word"))
    for key, name in figures:
        cells = {
            _tag(one["language"], one["code"]): _ratio(one[key], int(one["n"]))
            for one in told["languages"]
            if one["model"] == found.tokenizer and one.get(key)
        }
        found.add(Row(PIECES, name, cells, folder.name, higher_is_better=False))
    return True


def _ratio(three: Sequence[float], n: int) -> Cell:
    value, low, high = three
    return Cell(float(value), float(low), float(high), n, 2)


def _retrieval(found: _Found, folder: Path, identity: Mapping[str, Any]) -> bool:
    if not str(identity.get("encoder", "")).startswith(f"{found.identity}|"):
        return False
    layer = max(identity.get("layers") or [0])
    told = read_json(folder / "scores.json", {"languages": [dict]})
    wanted = f"measure:{layer}/cosine|direction:xx-en"
    cells = {
        _tag(one["language"], one["code"]): Cell.of(score)
        for one in told["languages"]
        for score in one["scores"]
        if str(score["signature"]).endswith(wanted)
    }
    name = f"retrieval into English, {'+'.join(identity.get('corpus') or [])}"
    found.add(Row(QUALITY, name, cells, folder.name))
    return True


def _trained_on_it(found: _Found, folder: Path, identity: Mapping[str, Any]) -> bool:
    """Another run that began with this model: what a head on it does."""
    base = identity.get("model")
    same = isinstance(base, Mapping) and (
        f"{base.get('name')}@{base.get('revision')}" == found.identity
    )
    if same:
        _quality(found, folder, read_json(folder / "scores.json", dict), "trained further")
    return same


def _audit(found: _Found, folder: Path, identity: Mapping[str, Any]) -> bool:
    if identity.get("weights") != found.weights:
        return False
    told = read_json(folder / "scores.json", dict)
    membership, canaries = told.get("membership") or {}, told.get("canaries") or {}
    by_attack: dict[str, dict[str, Cell]] = {}
    for row in membership.get("rows") or []:
        code = _tag(row["language"], row["language"]) if row["language"] else ALL
        by_attack.setdefault(row["attack"], {})[code] = Cell.of(row["auc"])
    for attack, cells in by_attack.items():
        about = "50 is chance"
        found.add(Row(PRIVACY, f"AUC of the attack {attack}", cells, folder.name, about, False))
    exposed: dict[int, dict[str, Cell]] = {}
    for row in canaries.get("exposure") or []:
        code = _tag(row["language"], row["language"]) if row["language"] else ALL
        cell = Cell(row["exposure"], row["low"], row["high"], row["canaries"])
        exposed.setdefault(row["repetitions"], {})[code] = cell
    for times, cells in exposed.items():
        name = f"exposure of canaries put in {times} times, bits"
        found.add(Row(PRIVACY, name, cells, folder.name, "1.4 is chance", False))
    for bound in [*(membership.get("bounds") or []), canaries.get("bound")]:
        if bound and bound.get("epsilon") is not None:
            by = bound.get("attack", "canaries")
            text = f"{bound['epsilon']:.2f} or more (95 %), by {by}"
            found.fact(PRIVACY, "epsilon that the run proves", text, folder.name)
    return True


def _fairness(found: _Found, folder: Path, identity: Mapping[str, Any]) -> bool:
    if identity.get("model") != found.identity:
        return False
    told = read_json(folder / "scores.json", {"figures": [dict]})
    gaps: dict[str, dict[str, Cell]] = {}
    for one in told["figures"]:
        score, digits = one["score"], MEASURES.get(one["measure"], 1)
        cell = Cell.of(score, digits)
        if "|by:language" in score["signature"] and score["name"] == "gap":
            mine, _, reference = str(one["what"]).partition(" against ")
            gaps.setdefault(reference, {})[mine] = cell
        elif one["measure"] != "gaps" or "worst" in score["name"]:
            name = one["what"] if one["measure"] == "gaps" else f"{one['measure']}: {one['what']}"
            found.add(Row(FAIRNESS, name, {ALL: cell}, folder.name, _null(one), None))
    for reference, cells in gaps.items():
        found.add(Row(FAIRNESS, f"gap to {reference}", cells, folder.name))
    return True


def _speed(found: _Found, folder: Path, identity: Mapping[str, Any]) -> bool:
    if identity.get("model") != found.identity:
        return False
    told = read_json(folder / "scores.json", {"texts a second": {str: float}})
    for size, value in told["texts a second"].items():
        name = f"texts a second, {size} at once" if size != "1" else "texts a second, one by one"
        about = "encoder, one core, float32"
        found.add(Row(SIZE, name, {ALL: Cell(value)}, folder.name, about))
    return True


def _null(one: Mapping[str, Any]) -> str:
    if not one.get("null"):
        return ""
    digits = MEASURES.get(one["measure"], 1)
    low, high = one["null"]
    return f"{SHUFFLED}{low:.{digits}f} to {high:.{digits}f}"


def _tag(language: object, code: object) -> str:
    """A column: a language as BCP 47 tells it, so that runs on different data sets share it."""
    try:
        return resolve(str(language or code)).bcp47
    except InputError:
        return str(code)


def _size(found: _Found) -> None:
    files = sorted(found.resolved.folder.rglob("*.safetensors"))
    if not files:
        return
    numbers = [stored_parameters(path) for path in files]
    megabytes = sum(path.stat().st_size for path in files) / 1e6
    about = "read from the files"
    for name, value, digits in (
        ("weights, millions", sum(numbers) / 1e6, 2), ("MB on disk", megabytes, 1)
    ):  # fmt: skip
        found.add(Row(SIZE, name, {ALL: Cell(value, digits=digits)}, "", about, False))


def _task(found: _Found, command: str) -> str:
    if command == "training.pretrain" or not command:
        told = read_json(found.resolved.folder / "config.json", dict)
        names = [str(one) for one in told.get("architectures") or []]
        if any(one.endswith(("ForCausalLM", "LMHeadModel")) for one in names):
            return "text-generation"
        return "fill-mask" if any("MaskedLM" in one for one in names) else "feature-extraction"
    return TASKS.get(command, ("", ""))[0]


def _base(told: Mapping[str, Any]) -> str:
    base = (told.get("run") or {}).get("model")
    return str(base.get("name", "")) if isinstance(base, Mapping) else ""


def _missing(found: _Found, command: str) -> Iterator[Missing]:
    """What a page should have and nothing tells, with the command that fills it."""
    sections = {row.section for row in found.rows.values()}
    names = {row.name for row in found.rows.values()}
    model = found.model
    kinds = {
        "tags": (
            "accuracy" in " ".join(names) and command == "training.tag",
            f"python -m training.tag --model {model} --train ewt:train:en --test masakhapos:swa",
        ),
        "intents": (
            "intent accuracy" in names,
            f"python -m nlu.train --model {model} --train xsid:train --test xsid:test:all",
        ),
        "topics": (
            any(n.startswith("macro F1") for n in names),
            f"python -m training.classify --model {model} --train sib200:train:en"
            " --test sib200:test:all",
        ),
        "retrieval": (
            any(n.startswith("retrieval") for n in names),
            f"python -m probe.retrieve --model {model} --corpus sib200",
        ),
    }
    for what, (there, line) in kinds.items():
        if not there:
            yield Missing(QUALITY, what, line)
    if PIECES not in sections:
        yield Missing(PIECES, "pieces by language", f"python -m probe.cost --model {model}")
    if not any(name.startswith("AUC") for name in names):
        line = f"python -m trust.audit --model {model} --members TRAIN --others HELD-OUT"
        yield Missing(PRIVACY, "attacks", line)
    if FAIRNESS not in sections:
        yield Missing(FAIRNESS, "fairness", f"python -m trust.fairness --model {model}")
    if not any("a second" in name for name in names):
        yield Missing(SIZE, "speed", f"python -m trust.card --model {model} --measure")
    if not found.data:
        ours = found.own is not None
        told = (
            "its run does not say" if ours else "the model is of no run of ours: see its own card"
        )
        yield Missing(DATA, "data and licences", told)


Reader = Callable[[_Found, Path, Mapping[str, Any]], bool]
READERS: dict[str, Reader] = {
    "probe.cost": _cost,
    "probe.retrieve": _retrieval,
    "trust.audit": _audit,
    "trust.fairness": _fairness,
    "trust.card": _speed,
    "nlu.train": _trained_on_it,
    "training.tag": _trained_on_it,
    "training.classify": _trained_on_it,
}
