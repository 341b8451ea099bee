"""Continued pretraining on synthetic text: the cells of `bench.continued` and their commands.

    plan = Continued(("bam", "wol"), ("none", "published", "ours"), (1,), Path("runs/continued"))
    for task in plan.tasks():
        print(shlex.join(task.command))

| arm | the model goes on with |
| --- | --- |
| none | nothing: it is scored as it is |
| english | the English lines that the synthetic text of all languages is made of |
| published | these lines by `lexaug.synthesize --preset published` |
| ours | by `--preset ours` |
| published-inflected | as published, with `--inflect` |
| uninflected | as ours, without any form of a table |
| no-sheet | as ours, without a grammar sheet: lexicon, WALS and tables alone |
| nearest | as ours; a word's translation is the one that an encoder finds most alike |
| no-function-words, any-sense, english-order, untranslated | as ours, with one part less |
| selected | as ours, of the half of the lines whose words the lexicon knows best |
| real | real text of the language, none of it of the test sets |

All arms that train have the same number of tokens and the same settings. A cell is a language, an
arm and a seed, scored in one way: by the bits of sentences; by topics, which a head on the frozen
model's mean vectors learns from English texts; or by topics carried over, where it learns from
the same texts as `--preset ours` translates them, too. Its result is a line of a file that is kept,
and it is not run again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench.expansion_plan import Task, module
from data.files import canonical_json

MODEL = "smollm2-135m-instruct"
OURS = ("--preset", "ours")
SYNTHETIC: Mapping[str, tuple[str, ...]] = {
    "published": ("--preset", "published"),
    "ours": OURS,
    "published-inflected": ("--preset", "published", "--inflect"),
    "uninflected": (*OURS, "--no-agreement", "--no-inflect"),
    "no-sheet": (*OURS, "--grammar", "none"),
    "no-function-words": (*OURS, "--no-function-words"),
    "any-sense": (*OURS, "--sense", "any"),
    "nearest": (*OURS, "--sense", "nearest"),
    "english-order": (*OURS, "--order", "none"),
    "untranslated": (*OURS, "--untranslated", "keep"),
    "selected": (*OURS, "--select", "coverage"),
}
TOPIC_TEXTS = "sib200:train:eng_Latn"
NONE, ENGLISH, REAL = "none", "english", "real"
SHARED = (NONE, ENGLISH)  # one model for all languages
ARMS = (*SHARED, *SYNTHETIC, REAL)
INFLECTING = ("published-inflected", "uninflected")  # of languages with tables alone
BITS, TOPICS, CARRIED = SCORES = ("bits", "topics", "carried")


@dataclass(frozen=True)
class Language:
    """Where a language is found in each data set.

    Attributes:
        sib: in SIB-200; lexicon: in `lexaug`; ntrex, masakhane: there, or None; tables: of
            inflection.
    """

    sib: str
    lexicon: str
    ntrex: str | None = None
    masakhane: str | None = None
    tables: bool = False


LANGUAGES: Mapping[str, Language] = {
    "swa": Language("swh_Latn", "sw", "swa", "swa", tables=True),
    "wol": Language("wol_Latn", "wo", "wol"),
    "bam": Language("bam_Latn", "bm", masakhane="bam"),
    "twi": Language("twi_Latn", "ak", masakhane="twi", tables=True),
    "fon": Language("fon_Latn", "fon", masakhane="fon"),
    "mos": Language("mos_Latn", "mos", masakhane="mos"),
    "tsn": Language("tsn_Latn", "tn", masakhane="tsn"),
    "bak": Language("bak_Cyrl", "ba", "bak", tables=True),
    "ilo": Language("ilo_Latn", "ilo"),
    "bod": Language("bod_Tibt", "bo", "bod", tables=True),
}


@dataclass(frozen=True)
class Settings:
    """What every cell that trains has in common; chosen on SIB-200's dev part, see docs/LOG.md.

    Attributes:
        lines: of English that synthetic text is made of.
        steps, batch_tokens, length: updates, pieces of each, pieces of a row; documents are packed.
    """

    model: str = MODEL
    lines: int = 1500
    steps: int = 24
    batch_tokens: int = 512
    length: int = 128
    learning_rate: float = 3e-4

    @property
    def tokens(self) -> int:
        """Of a cell."""
        return self.steps * self.batch_tokens


@dataclass(frozen=True)
class Continued:
    """Some cells of the grid.

    Attributes:
        score: one of SCORES.
        dtype: of all multiplications.
        known: names of cells that have been run: neither they nor what they need is a task.
    """

    languages: Sequence[str]
    arms: Sequence[str]
    seeds: Sequence[int]
    out: Path
    settings: Settings = field(default_factory=Settings)
    score: str = BITS
    dtype: str = "float32"
    known: Collection[str] = ()

    def tasks(self) -> list[Task]:
        """All commands, each once, behind those that they need; one language after the other."""
        found: dict[str, Task] = {}
        for seed in self.seeds:
            for languages, arm in self._models():
                if arm == NONE and seed != self.seeds[0]:
                    continue  # what is not trained has one seed
                left = [one for one in languages if self._is_left(one, arm, seed)]
                for task in self._chain(left, arm, seed) if left else ():
                    found.setdefault(task.name, task)
        return list(found.values())

    def _models(self) -> Iterator[tuple[Sequence[str], str]]:
        """The languages of each model and its arm."""
        shared = [arm for arm in self.arms if arm in SHARED and self.score != CARRIED]
        yield from ((self.languages, arm) for arm in shared)
        for language in self.languages:
            yield from (((language,), arm) for arm in self.arms if arm not in shared)

    def run_of(self, language: str, arm: str, seed: int) -> Path:
        """The folder of a cell's model; one of `SHARED` serves all languages."""
        name = f"{arm}-{seed}" if arm in SHARED else name_of(language, arm, seed)
        return self.out / "models" / name

    def _is_left(self, language: str, arm: str, seed: int) -> bool:
        return has(arm, language) and name_of(language, arm, seed, self.score) not in self.known

    def _chain(self, languages: Sequence[str], arm: str, seed: int) -> Iterator[Task]:
        """The commands of a model's cells, in an order in which they can be run."""
        run, needs = self.run_of(languages[0], arm, seed), []
        if arm != NONE:
            yield (english := self._english())
            text, made = self._text(languages[0], arm, seed)
            yield from made
            needs = [self._pretrained(run, text, seed, [english, *made])]
        yield from needs
        if self.score != BITS:
            made = self._labels(languages[0]) if self.score == CARRIED else []
            yield from made
            needs = [self._topics(languages, arm, seed, [*needs, *made])]
            yield from needs
        yield self._cells(languages, arm, seed, needs)

    def _english(self) -> Task:
        out = self.out / "english.txt"
        command = module("bench.continued_text", "lafand:train:en", str(out))
        return Task("english", (*command, "--lines", str(self.settings.lines)), out)

    def _text(self, language: str, arm: str, seed: int) -> tuple[list[str], list[Task]]:
        """The corpora of an arm, and the commands that make them."""
        if arm == ENGLISH:
            return [str(self.out / "english.txt")], []
        if arm == REAL:
            return self._real(language)
        out = self.out / "synthetic" / name_of(language, arm, seed)
        given = (*SYNTHETIC[arm], "--seed", str(seed))
        return [str(out)], self._synthesized(language, self._english(), given, out)

    def _synthesized(
        self, language: str, english: Task, given: Sequence[str], out: Path
    ) -> list[Task]:
        """The lexicon of a language, where it is made, and a text of it made of an English one."""
        made, lexicon = [], "gatitos"
        if language == "swa":
            table = self.out / "lexicon.en-swa.tsv"
            induce = ["lexaug.induce", "--lang", "swa", "--corpus", "lafand", "--split", "train"]
            induce += ["--out", str(table), "--offline"]
            made.append(Task("lexicon-swa", module(*induce), table.with_suffix(".json")))
            lexicon = f"freedict,{table}"
        command = ["lexaug.synthesize", "--lang", LANGUAGES[language].lexicon]
        command += ["--lexicon", lexicon, "--input", str(english.done)]
        command += [*given, "--offline", "--out", str(out)]
        needs = (english.name, *(task.name for task in made))
        return [*made, Task(f"text-{out.name}", module(*command), out / "coverage.json", needs)]

    def _labels(self, language: str) -> list[Task]:
        """The English texts with topics, said in the language; one of them a line."""
        english = self.out / "topics.en.txt"
        task = Task(
            "topics-english", module("bench.continued_text", TOPIC_TEXTS, str(english)), english
        )
        out = self.out / "synthetic" / f"{language}-labels"
        given = (*OURS, "--keep-at-least", "0", "--format", "jsonl")
        made = [task, *self._synthesized(language, task, given, out)]
        table = self.out / f"topics.{language}.tsv"
        command = module("bench.continued_text", TOPIC_TEXTS, str(table), "--said", str(out))
        return [*made, Task(f"labels-{language}", command, table, (made[-1].name,))]

    def _real(self, language: str) -> tuple[list[str], list[Task]]:
        place = LANGUAGES[language]
        name = f"masakhaner2:train:{place.masakhane}"
        if not place.masakhane:
            name = f"ntrex-128:test:{place.ntrex}"
        out = self.out / f"real.{language}.txt"
        command = module("bench.continued_text", name, str(out))
        return [str(out)], [Task(f"real-{language}", command, out)]

    def _pretrained(self, run: Path, corpora: Sequence[str], seed: int, made: list[Task]) -> Task:
        settings = self.settings
        command = ["training.pretrain", "--objective", "CLM", "--model", settings.model]
        command += [part for corpus in corpora for part in ("--corpus", corpus)]
        command += ["--held-out", "0", "--packed"]
        command += ["--steps", str(settings.steps), "--batch-tokens", str(settings.batch_tokens)]
        command += ["--length", str(settings.length)]
        command += ["--learning-rate", str(settings.learning_rate)]
        command += ["--device", "cpu", "--dtype", self.dtype, "--seed", str(seed)]
        needs = tuple(task.name for task in made)
        task = module(*command, "--offline", "--out", str(run))
        return Task(f"model-{run.name}", task, run / "scores.json", needs)

    def _topics(self, languages: Sequence[str], arm: str, seed: int, needs: Sequence[Task]) -> Task:
        """A classifier with a model's vectors."""
        run, out = self.run_of(languages[0], arm, seed), self.asked_of(languages[0], arm, seed)
        command = ["training.classify", "--model", self.settings.model if arm == NONE else str(run)]
        command += ["--freeze", "encoder", "--train", TOPIC_TEXTS]
        command += ["--dev", "sib200:dev:eng_Latn", "--test"]
        command += [",".join(f"sib200:test:{LANGUAGES[one].sib}" for one in languages)]
        if self.score == CARRIED:
            command += ["--pseudo", str(self.out / f"topics.{languages[0]}.tsv")]
        command += ["--device", "cpu", "--dtype", self.dtype, "--seed", str(seed), "--offline"]
        task, told = module(*command, "--out", str(out)), tuple(task.name for task in needs)
        return Task(f"{self.score}-{out.name}", task, out / "scores.json", told)

    def asked_of(self, language: str, arm: str, seed: int) -> Path:
        """The folder of a classifier; with labels carried over each language has its own."""
        name = name_of(language, arm, seed)
        if self.score == TOPICS:
            name = self.run_of(language, arm, seed).name
        return self.out / self.score / name

    def _cells(self, languages: Sequence[str], arm: str, seed: int, needs: list[Task]) -> Task:
        run = self.run_of(languages[0], arm, seed)
        asked = run if self.score == BITS else self.asked_of(languages[0], arm, seed)
        done = self.out / "cells" / f"{asked.name}-{self.score}.jsonl"
        command = ["bench.continued_cell", "--languages", ",".join(languages), "--arm", arm]
        command += ["--seed", str(seed), "--dtype", self.dtype, "--out", str(done)]
        command += ["--settings", canonical_json({} if arm == NONE else asdict(self.settings))]
        if self.score == BITS:
            command += ["--model", self.settings.model if arm == NONE else str(run)]
        else:
            command += [f"--{self.score}", str(asked)]
        return Task(f"cells-{done.stem}", module(*command), done, tuple(t.name for t in needs))


def name_of(language: str, arm: str, seed: int, score: str = "") -> str:
    """The name of a model, or of a cell.

    >>> name_of("bam", "no-sheet", 2), name_of("bam", "no-sheet", 2, BITS)
    ('bam-no-sheet-2', 'bam-no-sheet-2-bits')
    """
    return "-".join(filter(None, (language, arm, str(seed), score)))


def name_of_line(line: Mapping[str, Any]) -> str:
    """The name of the cell whose result a line is."""
    return name_of(line["language"], line["arm"], line["seed"], score_of(line))


def score_of(line: Mapping[str, Any]) -> str:
    """Which score a line has."""
    return next((score for score in (TOPICS, CARRIED) if score in line), BITS)


def has(arm: str, language: str) -> bool:
    """Whether there is such a cell: forms need tables, real text must be at hand.

    >>> has("uninflected", "fon"), has("real", "ilo"), has("real", "wol")
    (False, False, True)
    """
    place = LANGUAGES[language]
    if arm in INFLECTING:
        return place.tables
    return arm != REAL or bool(place.masakhane or place.ntrex)
