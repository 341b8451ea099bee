"""Does text made from a lexicon teach a pretrained encoder a language? Topics with English labels.

    python -m bench.aligned --seeds 1,2,3 --document docs/EXPANSION.md
    python -m bench.aligned --others --results runs/others.jsonl             # of other languages
    python -m bench.aligned --table                                          # of what there is

multilingual-e5-small goes on with pairs: English lines of LAFAND, and what `lexaug.synthesize`
makes of them (`--mode parallel`). Both sides get the vector that the encoder had for the English
one before (`--auxiliary distillation`). An arm is one model for all its languages:

| arm | pairs |
| --- | --- |
| none | none: the encoder as it is |
| ours | by `--preset ours` |
| published | by `--preset published` |
| foreign | by `--preset ours`, of as many other languages |

A head on the frozen vectors then learns topics from SIB-200's English texts (`training.classify
--freeze encoder`) and is asked about the test part of each language. A result is a line of a file
that is kept, a language each.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from bench.continued_cell import topics_of
from bench.continued_plan import LANGUAGES, NONE, OURS, SYNTHETIC, TOPIC_TEXTS, TOPICS, Language
from bench.continued_table import Results, by_language
from bench.expansion import Runner, in_document
from bench.expansion_plan import Task, module
from bench.kept import read_lines, write_lines

LINES = Path(__file__).with_suffix(".jsonl")
SHAPE = {"language": str, "arm": str, "seed": int, "settings": dict, TOPICS: str}
MODEL, FOREIGN = "multilingual-e5-small", "foreign"
OTHERS: Mapping[str, Language] = {
    "lin": Language("lin_Latn", "ln"),
    "sag": Language("sag_Latn", "sg"),
    "tum": Language("tum_Latn", "tum"),
    "bem": Language("bem_Latn", "bem"),
    "kik": Language("kik_Latn", "ki"),
    "gaz": Language("gaz_Latn", "om"),
    "knc": Language("knc_Latn", "kr"),
    "kac": Language("kac_Latn", "kac"),
    "crh": Language("crh_Latn", "crh-Latn"),
    "lus": Language("lus_Latn", "lus"),
}
ARMS = (NONE, "ours", "published", FOREIGN)
DIFFERENCES = (
    (NONE, "ours"),
    (NONE, "published"),
    (NONE, FOREIGN),
    (FOREIGN, "ours"),
    ("published", "ours"),
)


@dataclass(frozen=True)
class Settings:
    """What every arm that trains has in common.

    Attributes:
        lines: of English.
        auxiliary: as `training.pretrain` takes it.
        freeze: layers below the ones that learn.
        pairs: of a batch.
    """

    auxiliary: str = "distillation"
    lines: int = 1500
    freeze: int = 8
    steps: int = 100
    pairs: int = 32
    learning_rate: float = 2e-4


@dataclass(frozen=True)
class Aligned:
    """Some cells.

    Attributes:
        languages, foreign: those that are scored, and those of the arm "foreign".
        known: (arm, seed) of models whose lines are kept.
    """

    languages: Mapping[str, Language]
    foreign: Mapping[str, Language]
    arms: Sequence[str]
    seeds: Sequence[int]
    out: Path
    settings: Settings
    known: Collection[tuple[str, int]] = ()

    def tasks(self) -> list[Task]:
        """All commands, each once, behind those that they need."""
        found: dict[str, Task] = {}
        for seed in self.seeds:
            for arm in self.arms:
                if (arm, seed) not in self.known and (arm != NONE or seed == self.seeds[0]):
                    found |= {task.name: task for task in self._chain(arm, seed)}
        return list(found.values())

    def _chain(self, arm: str, seed: int) -> Iterator[Task]:
        model, needs = MODEL, []
        if arm != NONE:
            english = self.out / "english.txt"
            command = module("bench.continued_text", "lafand:train:en", str(english))
            command += ("--lines", str(self.settings.lines))
            yield (source := Task("english", command, english))
            for language in self.foreign if arm == FOREIGN else self.languages:
                yield (made := self._pairs(language, arm, seed, source))
                needs.append(made)
            yield (trained := self._trained(arm, seed, needs))
            model, needs = str(trained.done.parent), [trained]
        yield self._asked(model, arm, seed, needs)

    def _pairs(self, language: str, arm: str, seed: int, source: Task) -> Task:
        place = {**LANGUAGES, **OTHERS}[language]
        preset = SYNTHETIC.get(arm, OURS)
        out = self.out / "pairs" / f"{language}-{preset[1]}-{seed}"
        command = ["lexaug.synthesize", "--lang", place.lexicon, "--input", str(source.done)]
        command += ["--lexicon", "freedict" if language == "swa" else "gatitos"]
        command += ["--mode", "parallel", *preset, "--seed", str(seed), "--offline"]
        name = f"pairs-{out.name}"
        return Task(
            name, module(*command, "--out", str(out)), out / "coverage.json", (source.name,)
        )

    def _trained(self, arm: str, seed: int, pairs: Sequence[Task]) -> Task:
        settings, out = self.settings, self.out / "models" / f"{arm}-{seed}"
        command = ["training.pretrain", "--model", MODEL, "--objective", "none"]
        command += ["--auxiliary", settings.auxiliary, "--freeze", str(settings.freeze)]
        command += [part for one in pairs for part in ("--pairs", str(one.done.parent))]
        command += ["--pairs-a-batch", str(settings.pairs), "--steps", str(settings.steps)]
        command += ["--learning-rate", str(settings.learning_rate), "--length", "64"]
        command += ["--device", "cpu", "--seed", str(seed), "--offline", "--out", str(out)]
        needs = tuple(one.name for one in pairs)
        return Task(f"model-{out.name}", module(*command), out / "scores.json", needs)

    def _asked(self, model: str, arm: str, seed: int, needs: Sequence[Task]) -> Task:
        out = self.out / "asked" / f"{arm}-{seed}"
        command = ["training.classify", "--model", model, "--freeze", "encoder"]
        command += ["--train", TOPIC_TEXTS, "--dev", "sib200:dev:eng_Latn", "--test"]
        command += [",".join(f"sib200:test:{place.sib}" for place in self.languages.values())]
        command += ["--device", "cpu", "--seed", str(seed), "--offline", "--out", str(out)]
        name = f"asked-{out.name}"
        return Task(name, module(*command), out / "scores.json", tuple(one.name for one in needs))

    def lines_of(self, task: Task) -> list[dict[str, Any]]:
        """What a model that was asked got right, a line a language."""
        arm, seed = task.done.parent.name.rsplit("-", 1)
        settings = {} if arm == NONE else vars(self.settings)
        told = {"arm": arm, "seed": int(seed), "settings": settings}
        return [
            {"language": language, **told, TOPICS: topics_of(task.done.parent, place.sib)}
            for language, place in self.languages.items()
        ]


def table(lines: Sequence[Mapping[str, Any]], languages: Sequence[str]) -> str:
    """Accuracy by language and arm, and differences with intervals, as Markdown."""
    seeds = sorted({line["seed"] for line in lines})
    told = by_language(Results.of(lines, TOPICS), ARMS, DIFFERENCES, languages)
    return f"Seeds: {', '.join(map(str, seeds))}\n\n{told}"


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add, least = parser.add_argument, Settings()
    add("--arms", default=",".join(ARMS))
    add("--seeds", default="1")
    add("--others", action="store_true", help="score the other languages, to choose settings by")
    for name in (setting.name for setting in fields(Settings)):
        default = getattr(least, name)
        add(f"--{name.replace('_', '-')}", type=type(default), default=default)
    add("--out", type=Path, default=Path("runs/aligned"))
    add("--results", type=Path, default=LINES, help="a line a language and model")
    add("--document", type=Path, help="a Markdown file to put the table into")
    add("--table", action="store_true", help="run nothing: the table of what there is")
    given = parser.parse_args()
    arms = given.arms.split(",")
    if wrong := [arm for arm in arms if arm not in ARMS]:
        parser.error(f"--arms {wrong[0]}: expected some of {', '.join(ARMS)}")
    settings = Settings(**{one.name: getattr(given, one.name) for one in fields(Settings)})
    scored, foreign = (OTHERS, LANGUAGES) if given.others else (LANGUAGES, OTHERS)
    lines = read_lines(given.results, SHAPE)
    for line in lines:
        if line["settings"] not in ({}, vars(settings)):
            parser.error(
                f"{given.results}: expected results of {vars(settings)}, found some of"
                f" {line['settings']}; give another file with --results"
            )
    known = {(line["arm"], line["seed"]) for line in lines}
    seeds = [int(seed) for seed in given.seeds.split(",")]
    plan = Aligned(scored, foreign, arms, seeds, given.out, settings, known)

    def keep(task: Task) -> None:
        if not task.name.startswith("asked-"):
            return
        lines.extend(plan.lines_of(task))
        write_lines(
            given.results,
            lines,
            lambda one: (ARMS.index(one["arm"]), one["seed"], list(scored).index(one["language"])),
        )
        for part in ("model", "checkpoints"):
            shutil.rmtree(plan.out / "models" / task.done.parent.name / part, True)

    failed = []
    if not given.table:
        failed = Runner(plan.tasks(), 1, plan.out / "logs", keep).run()
    content = table(lines, list(scored))
    if given.document:
        in_document(given.document, "aligned", content)
    print(content)
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}; see {plan.out / 'logs'}")


if __name__ == "__main__":
    main()
