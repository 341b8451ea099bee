"""The experiment of docs/EXPANSION.md on an encoder that others pretrained: commands and needs.

    plan = Transfer("pos", ("swa", "bam"), ("a", "k"), (1,), Path("runs/expansion/e5-pos"))

| method | the tagger is trained on | and tags with |
| --- | --- | --- |
| a | the source language's labels | |
| c | + the same labels with words put in (pseudo-labelled), some draws of them | |
| k | as a | the labels of words in the pseudo-labelled draws (`training.tagging.dictionary`) |
| g | + labels of donors, other African languages | |
| h | as g | as k |
| i | + real text of the language with labels of h's tagger, from which it starts | as k |

No label of a language that is scored is in any of them. Taggers of a and g serve all languages.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.expansion_plan import DRAWS, SOURCES, Plan, Task, module

METHODS = ("a", "c", "k", "g", "h", "i")
WITH = {"k": "a", "h": "g"}  # a tagger that is there, and a dictionary beside it
# Languages of MasakhaPOS and MasakhaNER 2.0 whose training parts are at hand, those scored aside.
DONORS = ("bbj", "ewe", "hau", "ibo", "kin", "lug", "nya", "pcm", "xho", "yor", "zul")
SETS = {"pos": "masakhapos", "ner": "masakhaner2"}
MODEL = "multilingual-e5-small"
FREEZE = 4  # layers of twelve, with the embeddings
WEIGHT = 0.5  # of the dictionary
LIMIT = 2000  # sentences of each training set of g and i: the source's are not to outnumber donors'
UPDATES = {  # names are rare words: a tagger of them needs more
    "pos": {"a": 150, "c": 150, "g": 200, "i": 80},
    "ner": {"a": 400, "c": 400, "g": 500, "i": 200},
}


@dataclass(frozen=True)
class Transfer(Plan):
    """One experiment on `MODEL`, trimmed to the pieces of the scripts at hand.

    Attributes:
        updates: how many times UPDATES, of 1,024 pieces each.
    """

    updates: float = 1.0

    def has(self, method: str, language: str) -> bool:
        """All of them, for all languages."""
        return method in METHODS and bool(language)

    def run_of(self, method: str, language: str, seed: int) -> Path:
        """The folder of a cell."""
        shared = method in ("a", "g")
        name = f"{method}-{seed}" if shared else f"{method}-{language}-{seed}"
        return self.out / "taggers" / name

    def _chain(self, method: str, language: str, seed: int) -> Iterator[Task]:
        yield self._trimmed()
        if method in "ckhi":
            yield from (t for t in self._synthesis(language, inflected=False) if _is_labels(t))
        if method in WITH:
            yield from self._chain(WITH[method], language, seed)
            yield self._beside(method, language, seed)
            return
        if method == "i":
            yield from self._chain("h", language, seed)
        yield self._trained(method, language, seed)

    def _trimmed(self) -> Task:
        out = self.out / "encoder"
        command = ["training.tokenizer", "trim", MODEL, "--scripts", "Latn", "--updates", "0"]
        command += ["--text", "lafand:train:en", "--offline", "--out", str(out)]
        return Task("encoder", module(*command), out / "trim.json")

    def _trained(self, method: str, language: str, seed: int) -> Task:
        """A tagger; those of a and g are scored on all languages."""
        train, dev = SOURCES[self.task]
        run = self.run_of(method, language, seed)
        sets, needs = [train], ["encoder"]
        if method in "gi":
            sets += [f"{SETS[self.task]}:train:{one}" for one in DONORS]
        sets = list(dict.fromkeys(sets))  # Nigerian Pidgin is the source of names, and a donor
        tested = self.languages if method in "ag" else (language,)
        command = ["training.tag", "--train", ",".join(sets)]
        command += ["--dev", dev] if method != "i" else []  # its score chooses nothing, and costs
        command += ["--test", ",".join(map(self.test_of, tested)), "--freeze", str(FREEZE)]
        model, made = self.out / "encoder", self._draws(language)
        if method == "c":
            command += ["--pseudo", ",".join(map(str, made))]
            needs += [f"synthetic-{one.name}" for one in made]
        if method == "i":
            teacher = self.run_of("h", language, seed)
            model = self.run_of("g", language, seed) / "model"
            command += ["--unlabelled", f"masakhaner2:train:{language}", "--teacher", str(teacher)]
            command += ["--dictionary", ",".join(map(str, made))]
            command += ["--dictionary-weight", str(WEIGHT)]
            needs = [f"tagger-{teacher.name}"]
        if method in "gi":
            command += ["--limit", str(LIMIT)]
        steps = max(1, round(UPDATES[self.task][method] * self.updates))
        command += ["--model", str(model), "--steps", str(steps), "--batch-tokens", "1024"]
        command += ["--learning-rate", "1e-4" if method == "i" else "2e-4", "--head-rate", "5"]
        command += [
            "--device",
            "cpu",
            "--dtype",
            self.dtype,
            "--seed",
            str(seed),
            "--offline",
            "--out",
            str(run),
        ]
        return Task(f"tagger-{run.name}", module(*command), run / "scores.json", tuple(needs))

    def _beside(self, method: str, language: str, seed: int) -> Task:
        """A tagger that is there, scored with a dictionary."""
        run, tagger = self.run_of(method, language, seed), WITH[method]
        made = self._draws(language)
        command = ["bench.expansion_beside", str(self.run_of(tagger, language, seed))]
        command += [self.test_of(language), str(run), self.dtype]
        command += [SOURCES[self.task][0], *map(str, made)]
        needs = [f"tagger-{tagger}-{seed}", *(f"synthetic-{one.name}" for one in made)]
        return Task(f"tagger-{run.name}", module(*command), run / "scores.json", tuple(needs))

    def _draws(self, language: str) -> list[Path]:
        """The folders of the pseudo-labelled draws."""
        made = (f"tags-{language}-{n}" for n in range(1, DRAWS + 1))
        return [self.out / "synthetic" / one for one in made]


def _is_labels(task: Task) -> bool:
    return not task.name.startswith("synthetic-mono")
