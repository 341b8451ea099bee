"""Who answers: the lemma, rules, a trained model, both, files.

    predictor = open_predictor("copy", unit)
    predictor.predict([("soma", "V;PST;3;SG")])

A new engine is a class with the three members of `Predictor` and a line in `open_predictor`. The
right forms are never read here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, cast, get_args

from data.bounded import read_json
from data.errors import InputError
from data.files import sha256_file
from data.inflections.tables import BAD_LINES
from data.unimorph import read_triples
from morph.submit.layout import Asked, forms_of, problems, read_covered
from morph.submit.tasks import Task, Unit

ENGINES = ("copy", "rules", "model", "both", "files")
LEMMA_FOR_REFUSED = "lemma, because the features were refused"
LEMMA_FOR_EMPTY = "lemma, because the form was empty"


class Predictor(Protocol):
    """What answers for the files of one language.

    identity: what the answers hang on, for the JSON of settings. steps: how many answers came from
    which step, counted while it predicts. left_out: lines of a training file, by reason.
    """

    identity: Mapping[str, Any]
    steps: Counter[str]
    left_out: Mapping[str, int]

    def predict(self, items: Sequence[Asked]) -> Sequence[str]:
        """One form for each (lemma, features), in order."""


class Copy:
    """Answers with the lemma: the baseline that costs nothing."""

    def __init__(self) -> None:
        self.identity: Mapping[str, Any] = {"engine": "copy"}
        self.steps: Counter[str] = Counter()
        self.left_out: Mapping[str, int] = {}

    def predict(self, items: Sequence[Asked]) -> list[str]:
        """The lemmas."""
        self.steps["lemma"] += len(items)
        return [lemma for lemma, _ in items]


class LearnedRules:
    """Rules learned from the unit's training file (`morph.rules`)."""

    def __init__(
        self, unit: Unit, task: Task, policy: str, seed: int, *, skip_bad: bool = False
    ) -> None:
        from morph.rules import Policy, Rules

        if unit.train is None:
            raise InputError(f"--rules: {unit.file} has no training file; name it with --train")
        if policy not in get_args(Policy):
            found = f'expected {" or ".join(get_args(Policy))}, found "{policy}"'
            raise InputError(f"--rules: {found}; leave it out for the default")
        path = unit.train()
        dropped, repairs = Counter[str](), Counter[str]()
        triples = read_triples(
            path,
            usual=task.columns,
            need_forms=True,
            normalise=False,
            skip_bad=skip_bad,
            dropped=dropped,
            repairs=repairs,
        )
        self.rules = Rules.learn(triples, policy=cast("Policy", policy), seed=seed)
        self.steps: Counter[str] = Counter()
        self.left_out: Mapping[str, int] = {
            why: n for why, n in dropped.items() if why in BAD_LINES
        }
        self.identity: Mapping[str, Any] = {
            "engine": "rules",
            "policy": policy,
            "seed": seed,
            "train": path.name,
            "train_sha256": sha256_file(path),
            "train_rows_left_out": dict(dropped),
            "train_rows_repaired": dict(repairs),
        }

    def predict(self, items: Sequence[Asked]) -> list[str]:
        """The forms that the rules make."""
        return [self._form(lemma, features) for lemma, features in items]

    def _form(self, lemma: str, features: str) -> str:
        try:
            found = self.rules.predict(lemma, features)
        except InputError:
            self.steps[LEMMA_FOR_REFUSED] += 1
            return lemma
        self.steps["rules" if found.support else "lemma, because no rule fits"] += 1
        return found.form


class Model:
    """A trained model (`morph.transducer`), from the unit's folder.

    What the model refuses (a feature that training does not have) is answered with the lemma and
    counted.
    """

    def __init__(self, folder: Path, device: str, beam: int) -> None:
        from morph.transducer import Transducer

        self.identity: Mapping[str, Any] = {
            "engine": "model",
            "beam": beam,
            "files": {path.name: sha256_file(path) for path in model_files(folder)},
            "run": config_of(folder),
        }
        self.steps: Counter[str] = Counter()
        self.left_out: Mapping[str, int] = {}
        self.beam = beam
        self.transducer = Transducer.load(folder, device)

    def predict(self, items: Sequence[Asked]) -> list[str]:
        """The best form of each item."""
        forms = [lemma for lemma, _ in items]
        known = self.known(items)
        found = self.transducer.predict([items[place] for place in known], beam=self.beam)
        for place, (best, *_) in zip(known, found, strict=True):
            forms[place] = best.form
        self.steps["model"] += len(known)
        self.steps[LEMMA_FOR_REFUSED] += len(items) - len(known)
        return forms

    def known(self, items: Sequence[Asked]) -> list[int]:
        """The places of the items that the model does not refuse."""
        refused = [self.transducer.refusal(*item) for item in items]
        return [place for place, why in enumerate(refused) if why is None]


class Both:
    """A trained model, and the rules where dev data say that they know better, or it refuses.

    What dev data say stands beside the model (`morph.inflect.choice`).
    """

    def __init__(self, model: Model, rules: LearnedRules, folder: Path) -> None:
        from morph.inflect.choice import FILE, Calibration

        calibration = Calibration.load(folder)
        if calibration is None:
            raise InputError(
                f"{folder}: expected {FILE} for --both, found none; hand in --models, or calibrate:"
                " python -m morph.inflect --lang LANG --model DIR --calibrate"
            )
        self._model, self._rules, self._calibration = model, rules, calibration
        self.identity: Mapping[str, Any] = {
            **model.identity,
            "engine": "both",
            "rules": rules.identity,
            "calibration_sha256": sha256_file(folder / FILE),
        }
        self.steps: Counter[str] = Counter()
        self.left_out: Mapping[str, int] = rules.left_out

    def predict(self, items: Sequence[Asked]) -> list[str]:
        """The chosen form of each item."""
        from morph.inflect.choice import choose

        known = self._model.known(items)
        asked = [items[place] for place in known]
        model = self._model.transducer
        hypotheses = model.predict(asked, beam=self._model.beam)
        made = [self._rules.rules.predict(*item) for item in asked]
        chosen = choose(model, asked, hypotheses, made, self._calibration)
        by_model = dict(zip(known, chosen, strict=True))
        rest = [item for place, item in enumerate(items) if place not in by_model]
        by_rules = iter(self._rules.predict(rest))
        self.steps.update(choice.by for choice in chosen)
        self.steps["rule, because the model refused"] += len(rest)
        return [
            by_model[place].form if place in by_model else next(by_rules)
            for place in range(len(items))
        ]


class Given:
    """Answers that another program wrote, in the task's layout."""

    def __init__(self, folder: Path, unit: Unit, columns: Sequence[str]) -> None:
        places = [folder / unit.file, *sorted(folder.glob(f"*/{unit.file}"))]
        path = only(folder, unit.file, places)
        content = path.read_bytes()
        rows = read_covered(unit.covered, unit.covered_columns)
        wrong = list(problems(content, str(path), rows, columns))
        if wrong:
            more = f"; {len(wrong) - 1} more lines are wrong" if len(wrong) > 1 else ""
            raise InputError(f"{wrong[0]}{more}; predict the covered file line by line")
        self.identity: Mapping[str, Any] = {
            "engine": "files",
            "file": "/".join(path.parts[-2:]),
            "sha256": sha256_file(path),
            "run": config_of(path.parent),
        }
        self.steps: Counter[str] = Counter()
        self.left_out: Mapping[str, int] = {}
        self._forms = forms_of(content, columns)

    def predict(self, items: Sequence[Asked]) -> list[str]:
        """The forms of the file, which has the items line by line."""
        self.steps["given file"] += len(items)
        return self._forms


def open_predictor(
    engine: str,
    unit: Unit,
    task: Task,
    *,
    folder: Path | None = None,
    policy: str = "analogy",
    device: str = "cpu",
    beam: int = 1,
    seed: int = 1,
    skip_bad: bool = False,
) -> Predictor:
    """The predictor for a unit.

    Args:
        engine: one of `ENGINES`.
        folder: with the models (`model`, `both`), or with the answers (`files`).
        policy, seed, skip_bad: of `rules`. device, beam: of `model`; `both` takes all of them.

    Raises:
        InputError: an unknown engine, no folder or file for this unit, or several.
    """

    def rules() -> LearnedRules:
        return LearnedRules(unit, task, policy, seed, skip_bad=skip_bad)

    def both() -> Both:
        place = model_folder(needed(folder), unit.name)
        return Both(Model(place, device, beam), rules(), place)

    makers: dict[str, Callable[[], Predictor]] = {
        "copy": Copy,
        "rules": rules,
        "model": lambda: Model(model_folder(needed(folder), unit.name), device, beam),
        "both": both,
        "files": lambda: Given(needed(folder), unit, task.columns),
    }
    if engine not in makers:
        raise InputError(f'engine: expected one of {", ".join(ENGINES)}, found "{engine}"')
    return makers[engine]()


def model_folder(folder: Path, unit: str) -> Path:
    """The folder of a unit's model: FOLDER/UNIT, FOLDER/UNIT/model, or a run of it in FOLDER.

    Raises:
        InputError: none of them holds a config.json, or several do.
    """
    found = [place / "config.json" for place in model_folders(folder, unit)]
    what = f"a model of {unit} ({unit}/, or a run of morph.train for it alone)"
    return only(folder, what, found).parent


def model_folders(folder: Path, unit: str) -> list[Path]:
    """Every folder of a unit's models that holds one; a run is known by its name or its config."""
    named = sorted(folder.glob(f"morph-{unit}-*/model"))
    runs = [place for place in sorted(folder.glob("*/model")) if _trained_on(place, [unit])]
    own = folder / unit / "model"
    places = dict.fromkeys([own if own.is_dir() else folder / unit, *named, *runs])
    return [place for place in places if (place / "config.json").is_file()]


def _trained_on(model: Path, units: list[str]) -> bool:
    """Whether a run of `morph.train` made a model, for these units and no others."""
    path = model.parent / "config.json"
    if not path.is_file():
        return False
    run = read_json(path, dict).get("run")
    return isinstance(run, dict) and run.get("units") == units


def only(folder: Path, what: str, places: Sequence[Path]) -> Path:
    """The one place that is a file.

    Raises:
        InputError: none of them is, or several are.
    """
    there = [place for place in places if place.is_file()]
    if len(there) != 1:
        found = ", ".join(map(str, there)) or "none"
        raise InputError(f"{folder}: expected exactly one {what}, found {found}; give its folder")
    return there[0]


def needed(folder: Path | None) -> Path:
    """The folder, which must be there."""
    if folder is None or not folder.is_dir():
        raise InputError(f"{folder}: no such folder; give the one with the models or predictions")
    return folder


def model_files(folder: Path) -> list[Path]:
    """The files of a model on which its answers depend."""
    return sorted(path for path in folder.iterdir() if path.suffix in (".json", ".safetensors"))


def config_of(folder: Path) -> Any:
    """The config.json of the run that a model or a file of predictions is part of, if any."""
    path = (folder.parent if folder.name == "model" else folder) / "config.json"
    return read_json(path, dict) if path.is_file() else None
