"""What the experiment of docs/EXPANSION.md consists of: commands, and what each of them needs.

    plan = Plan("pos", ("swa", "bam"), ("a", "b", "c"), (1, 2, 3), Path("runs/expansion/pos"))
    for task in plan.tasks():
        print(shlex.join(task.command))

| method | encoder pretrained on | tagger trained on |
| --- | --- | --- |
| a | English text | the source language's labels |
| b | + English text with words of the language put in (pseudo-monolingual) | as a |
| c | as b | + the same labels with words put in (pseudo-labelled), some draws of them |
| d | as b | as c, labels distilled: those that the tagger of b gives |
| e | as b, replacements inflected | as c, replacements inflected |
| f | as b, and the real text of the language | as c, and real text with the labels of c's tagger |

An encoder is shared by the methods whose text and seed are the same. Its tokenizer is trained on
the encoder's own text and nothing else, so that no method profits from text that it does not have.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

METHODS = ("a", "b", "c", "d", "e", "f")
LANGUAGES = ("swa", "bam", "fon", "mos", "tsn", "twi")
INFLECTED = ("swa",)  # languages with tables of inflection, or a model
DRAWS = 3  # times that the labels are translated, each time with other translations
KEPT_OUT = "masakhapos,masakhaner2"  # test parts in all languages

# What is tagged, in which language labels are at hand, and what is measured on. There is no English
# NER at hand under a free licence; Nigerian Pidgin has English words, which the lexicons know.
SOURCES = {
    "pos": ("ewt:train:en", "ewt:dev:en"),
    "ner": ("masakhaner2:train:pcm", "masakhaner2:dev:pcm"),
}
TESTS = {"pos": "masakhapos", "ner": "masakhaner2"}


@dataclass(frozen=True)
class Task:
    """A command, the file that is there when it has ended well, and the tasks that come before."""

    name: str
    command: tuple[str, ...]
    done: Path
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """One experiment.

    Attributes:
        minutes: processor minutes of a cell: `share` of them for the encoder, the rest for tagging.
        config: of the encoder, see `training.architectures`.
    """

    task: str
    languages: Sequence[str]
    methods: Sequence[str]
    seeds: Sequence[int]
    out: Path
    minutes: float = 4.0
    share: float = 0.4
    config: str = "encoder-tiny"
    dtype: str = "bfloat16"

    def tasks(self) -> list[Task]:
        """All commands, each once, those that others need before them."""
        found: dict[str, Task] = {}
        for seed in self.seeds:
            for method in self.methods:
                for language in self._languages_of(method):
                    for task in self._chain(method, language, seed):
                        found.setdefault(task.name, task)
        return list(found.values())

    def test_of(self, language: str) -> str:
        """The test set of a language, as scores.json names it."""
        return f"{TESTS[self.task]}:test:{language}"

    def run_of(self, method: str, language: str, seed: int) -> Path:
        """The folder of a cell's tagger; that of `a` serves all languages."""
        return self.out / "taggers" / self._tagger_name(method, language, seed)

    def has(self, method: str, language: str) -> bool:
        """Whether a method makes sense for a language: `e` needs tables of inflection."""
        return method != "e" or language in INFLECTED

    def _languages_of(self, method: str) -> Iterator[str]:
        return (language for language in self.languages if self.has(method, language))

    def _chain(self, method: str, language: str, seed: int) -> Iterator[Task]:
        """A cell's commands, in an order in which they can be run."""
        if method != "a":
            yield from self._synthesis(language, inflected=method == "e")
        if method == "d":
            yield from self._chain("b", language, seed)
        if method == "f":
            yield from self._chain("c", language, seed)
        yield self._encoder(method, language, seed)
        yield self._tagger(method, language, seed)

    def _synthesis(self, language: str, *, inflected: bool) -> Iterator[Task]:
        needs: tuple[str, ...] = ()
        if language == "swa":
            yield self._induced(language)
            needs = (f"lexicon-{language}",)
        if self.task == "ner":
            yield self._labels()
        for name in self._made(language, inflected):
            yield self._synthetic(name, language, inflected, needs)

    def _induced(self, language: str) -> Task:
        table = self._lexicon(language)
        command = ["lexaug.induce", "--lang", language, "--corpus", "lafand", "--split", "train"]
        command += ["--out", str(table), "--offline"]
        return Task(f"lexicon-{language}", module(*command), table.with_suffix(".json"))

    def _synthetic(self, name: str, language: str, inflected: bool, needs: tuple[str, ...]) -> Task:
        mode, draw = name.split("-")[0], name.rpartition("-")[2]
        if mode == "tags" and self.task == "ner":
            needs = (*needs, "labels")
        out = self.out / "synthetic" / name
        lexicon = f"freedict,{self._lexicon(language)}" if language == "swa" else "gatitos"
        command = ["lexaug.synthesize", "--lang", language, "--lexicon", lexicon, "--out", str(out)]
        inflection = ["--inflect", "--inflect-with", "tables"] if inflected else ["--no-inflect"]
        command += [*inflection, "--offline"]
        if mode == "mono":
            command += ["--input", "lafand:train"]
        else:
            policy = "pos" if language == "swa" and self.task == "pos" else "uniform"
            command += ["--input", self._labels_file(), "--mode", "tags", "--policy", policy]
            command += ["--seed", draw, "--keep-at-least", "1"]
        return Task(f"synthetic-{name}", module(*command), out / "coverage.json", needs)

    def _labels(self) -> Task:
        """A file of a labelled set that lexaug.synthesize does not know as English."""
        path = Path(self._labels_file())
        command = module("bench.expansion_plan", SOURCES[self.task][0], str(path))
        return Task("labels", command, path)

    def _labels_file(self) -> str:
        """The labelled text as lexaug.synthesize takes it: a corpus of the catalog, or a file."""
        return "ewt:train" if self.task == "pos" else str(self.out / "labels.txt")

    def _encoder(self, method: str, language: str, seed: int) -> Task:
        name = self._encoder_name(method, language, seed)
        out = self.out / "encoders" / name
        corpora = ["lafand:train:en", SOURCES[self.task][0]]
        needs: list[str] = []
        if method != "a":
            made = self._made(language, method == "e")[:2]  # of the draws of labels one
            corpora += [str(self.out / "synthetic" / one) for one in made]
            needs += [f"synthetic-{one}" for one in made]
        if method == "f":
            corpora += real_text(language)
        command = ["training.pretrain", "--objective", "MLM", "--config", self.config]
        command += [part for corpus in corpora for part in ("--corpus", corpus)]
        command += ["--tokenizer", "train:8000", "--keep-out", KEPT_OUT, "--optimizer", "muon"]
        command += ["--learning-rate", "0.01", "--batch-tokens", "2048", "--held-out-limit", "200"]
        return Task(
            f"encoder-{name}",
            module(*command, *self._common(seed, self.share, out)),
            out / "scores.json",
            tuple(needs),
        )

    def _tagger(self, method: str, language: str, seed: int) -> Task:
        name = self._tagger_name(method, language, seed)
        out = self.run_of(method, language, seed)
        train, dev = SOURCES[self.task]
        encoder = self._encoder_name(method, language, seed)
        tested = self.languages if method == "a" else (language,)
        needs = [f"encoder-{encoder}"]
        command = ["training.tag", "--model", str(self.out / "encoders" / encoder)]
        command += ["--train", train, "--dev", dev, "--test", ",".join(map(self.test_of, tested))]
        pseudo = [f"tags-{language}-{n}" for n in range(1, DRAWS + 1)]
        if method == "e":
            pseudo = [f"tags-{language}-inflected-{n}" for n in range(1, DRAWS + 1)]
        if method in "cdef":
            needs += [f"synthetic-{one}" for one in pseudo]
            made = [str(self.out / "synthetic" / one) for one in pseudo]
            command += ["--pseudo", ",".join(made)]
        if method == "d":
            teacher = self._tagger_name("b", language, seed)
            needs.append(f"tagger-{teacher}")
            command += ["--teacher", str(self.out / "taggers" / teacher)]
        if method == "f":
            teacher = self._tagger_name("c", language, seed)
            needs.append(f"tagger-{teacher}")
            command += ["--unlabelled", f"masakhaner2:train:{language}"]
            command += ["--teacher", str(self.out / "taggers" / teacher), "--distil", "keep"]
        command += ["--optimizer", "muon", "--learning-rate", "0.005"]
        return Task(
            f"tagger-{name}",
            module(*command, *self._common(seed, 1 - self.share, out)),
            out / "scores.json",
            tuple(needs),
        )

    def _common(self, seed: int, share: float, out: Path) -> tuple[str, ...]:
        seconds = round(60 * self.minutes * share)
        told = f"--time-budget {seconds}s --clock cpu --device cpu --dtype {self.dtype}"
        return (*told.split(), "--seed", str(seed), "--offline", "--out", str(out))

    def _made(self, language: str, inflected: bool) -> list[str]:
        """Names of the synthetic folders of a language: the text, and the draws of the labels."""
        kind = f"{language}-inflected" if inflected else language
        return [f"mono-{kind}", *(f"tags-{kind}-{n}" for n in range(1, DRAWS + 1))]

    def _lexicon(self, language: str) -> Path:
        return self.out / f"lexicon.en-{language}.tsv"

    def _encoder_name(self, method: str, language: str, seed: int) -> str:
        if method == "a":
            return f"english-{seed}"
        kind = {"e": "inflected", "f": "real"}.get(method, "pseudo")
        return f"{kind}-{language}-{seed}"

    def _tagger_name(self, method: str, language: str, seed: int) -> str:
        return f"a-{seed}" if method == "a" else f"{method}-{language}-{seed}"


def real_text(language: str) -> list[str]:
    """The real text of a language in the catalog, with weights: the small part counts four times.

    >>> real_text("swa")
    ['masakhaner2:train:swa:4', 'lafand:train:swa']
    """
    return [f"masakhaner2:train:{language}:4", *(["lafand:train:swa"] if language == "swa" else [])]


def module(name: str, *arguments: str) -> tuple[str, ...]:
    """`python -m NAME ...` with the interpreter at work."""
    return (sys.executable, "-m", name, *arguments)


def main() -> None:
    """Write a labelled set, the first argument, to a two-column file, the second."""
    from data.access import Access
    from data.tagged import write_tagged
    from training.tagging.labelled import find_labelled

    name, path = sys.argv[1:]
    found = find_labelled(name, access=Access(offline=True)).sentences
    write_tagged(Path(path), found, keep_replacement=True)


if __name__ == "__main__":
    main()
