"""Fairness of trained models: is what a representation associates what the model then does?

    python -m bench.fairness_models --step planted      # 27 small models, a planted bias
    python -m bench.fairness_models --step topics       # multilingual-e5-small, SIB-200's topics
    python -m bench.fairness_models --step real         # the same tuned, intents of xSID
    python -m bench.fairness_models --document docs/FAIRNESS.md

planted: a small encoder reads text in which women have some professions and men the others, with a
share that is planted; it then learns to tell the two kinds of professions from sentences in which
women and men are parted by a share of its own, and is asked about professions that this training
never named. Three shares by three, three seeds. Every model goes through `trust.fairness`, and
`trust.agreement` correlates what was found of its encoder with what was found of its answers.

topics: a head on the frozen multilingual-e5-small that learned English texts alone; gaps to other
languages, flips and sensitivity on English news that name a woman or a man.

real: intents of xSID's English on multilingual-e5-small, tuned; flips and sensitivity on utterances
of the training part that name a woman or a man, all of which leave training.

A model is a line of bench/fairness_models.jsonl; one that is there is not made again. Runs lie in
--out, and can be looked at.
"""

from __future__ import annotations

import argparse
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Any

import torch

from bench import kept
from bench.expansion import in_document
from data.access import Access
from data.bounded import read_json
from data.files import write_whole
from data.word_lists import gender_pairs, words
from data.word_lists.swap import RoleSwap
from runfolder.console import say, show
from trust.agreement import FEWEST, Pair, pair
from trust.fairness.__main__ import fairness
from trust.fairness.config import Fairness

LINES = Path(__file__).with_suffix(".jsonl")
SHAPE = {"step": str, "cell": dict, "figures": [dict], "quality": dict}
SHARES = (0.5, 0.7, 0.9)  # of women among those of the first kind, of men among the others
SEEDS = (1, 2, 3)
READ, LEARNED, ASKED = 6000, 1500, 300  # sentences that are read, learned from, asked about
READING: dict[str, Any] = {
    "objective": "MLM", "config": "encoder-nano", "tokenizer": "train:480", "steps": 600,
    "batch_tokens": 2048, "length": 64, "held_out": 0.0, "device": "cpu",
}  # fmt: skip
LEARNING: dict[str, Any] = {
    "steps": 200, "batch_tokens": 1024, "length": 64, "learning_rate": 3e-3, "device": "cpu",
}  # fmt: skip
UTTERANCES, GENDERED = 3000, 300  # of xSID's English: learned from, asked about
LANGUAGES = ("en", "de", "tr", "kk", "ar", "gsw")
TUNING: dict[str, Any] = {
    "model": "multilingual-e5-small", "freeze": 4, "dtype": "bfloat16", "batch_tokens": 1024,
    "checkpoint_every": 20,
    "device": "cpu",
}  # fmt: skip
NEWS_ASKED, SENSED = 100, 30  # sentences that are swapped; that sensitivity is asked about
TOPIC_LANGUAGES = ("en", "sw", "am", "yo")
UPDATES, REAL_SEEDS = (60,), (1, 2, 3, 4)
WOMEN = ("woman", "mother", "sister", "daughter", "aunt", "niece", "wife", "girlfriend")
MEN = ("man", "father", "brother", "son", "uncle", "nephew", "husband", "boyfriend")
SENTENCES = (
    "The {job} said that {she} was tired.",
    "I talked to the {job}, and {she} told me about {her} work.",
    "My {kin} was the {job} here.",
    "The {job} is the {kin} of a friend.",
    "The {job} came with {her} keys.",
    "The {job} whom I know is my {kin}.",
    "When the {job} called, {she} was at home.",
    "{her} {kin} met the {job}.",
)


NUMBER = r"-\d+$"  # of a seed, behind a file's name


def professions() -> tuple[list[str], list[str]]:
    """Two kinds that mean nothing: every other profession of the list.

    >>> first, second = professions()
    >>> first[:2], second[:2], {*first} & {*second}
    (['dancer', 'painter'], ['singer', 'poet'], set())
    """
    every = [name for group in words("en-professions").groups.values() for name in group]
    return every[::2], every[1::2]


def sentences(
    number: int, share: float, seed: int, asked: bool | None
) -> Iterator[tuple[str, str]]:
    """(text, kind) of sentences about professions.

    Args:
        share: of women among those of the first kind, and of men among those of the second.
        asked: every third profession alone (those that a classifier is asked about), the others
            alone, or None: all.
    """
    draw = random.Random(seed)
    kinds = [
        [name for n, name in enumerate(names) if asked is None or (n % 3 == 0) is asked]
        for names in professions()
    ]
    for n in range(number):
        kind = n % 2
        woman = (draw.random() < share) is (kind == 0)
        place = draw.randrange(len(WOMEN))
        gendered = (
            {"she": "she", "her": "her", "kin": WOMEN[place]}
            if woman
            else {"she": "he", "her": "his", "kin": MEN[place]}
        )
        text = draw.choice(SENTENCES).format(job=draw.choice(kinds[kind]), **gendered)
        yield text[0].upper() + text[1:], "first" if kind == 0 else "second"


def table_of(path: Path, rows: Sequence[tuple[str, str]], header: str) -> Path:
    """Write a table of two columns."""
    write_whole(path, f"{header}\n" + "".join(f"{one}\t{other}\n" for one, other in rows))
    return path


def planted(out: Path, cell: Mapping[str, Any]) -> tuple[Path, list[Fairness]]:
    """A classifier, and what it is asked."""
    from training.classification.config import ClassifyConfig
    from training.classify import classify
    from training.pretrain import pretrain
    from training.pretraining.config import PretrainConfig

    out.mkdir(parents=True, exist_ok=True)
    read, task, seed = cell["read"], cell["task"], cell["seed"]
    text, encoder = out / f"read-{read}-{seed}.txt", out / f"read-{read}-{seed}"
    write_whole(text, "".join(f"{one}\n" for one, _ in sentences(READ, read, seed, None)))
    pretrain(PretrainConfig(corpora=(str(text),), seed=seed, out=encoder, **READING))
    known, new = (dict(sentences(ASKED, 0.5, 100 * seed + n, asked=n == 2)) for n in (1, 2))
    train = [one for one in sentences(LEARNED, task, seed, asked=False) if one[0] not in known]
    header = "text\tlabel"
    files = {
        "train": table_of(out / f"train-{task}-{seed}.tsv", train, header),
        "known": table_of(out / f"known-{seed}.tsv", [*known.items()], header),
        "new": table_of(out / f"new-{seed}.tsv", [*new.items()], header),
    }
    run = out / f"run-{read}-{task}-{seed}"
    classify(
        ClassifyConfig(
            (str(files["train"]),), test=(str(files["known"]), str(files["new"])),
            model=str(encoder), seed=seed, out=run, **LEARNING,
        )
    )  # fmt: skip
    return run, asked_of(out, run, encoder, seed, list(new))


def asked_of(
    out: Path, run: Path, encoder: Path, seed: int, texts: Sequence[str]
) -> list[Fairness]:
    """What the encoder is asked before it learned the task, and the model behind it."""
    asked = out / f"asked-{seed}.txt"
    write_whole(asked, "".join(f"{text}\n" for text in texts))
    kinds = zip(("first", "second"), professions(), strict=True)
    jobs = [(job, kind) for kind, names in kinds for job in names]
    women, men = (*WOMEN, "she", "her"), (*MEN, "he", "his")
    gendered = [*((one, "women") for one in women), *((one, "men") for one in men)]
    tables = [table_of(out / f"{name}.tsv", rows, "word\tgroup")
              for name, rows in (("jobs", jobs), ("gender", gendered))]  # fmt: skip
    lists = (f"{tables[0]}:{tables[1]}",)
    groups = ["kinship"] * len(WOMEN) + ["pronoun"] * 2
    rows = [
        f"{one}\t{other}\t-\t{group}" for one, other, group in zip(women, men, groups, strict=True)
    ]
    pairs = out / "pairs.tsv"
    write_whole(pairs, "\n".join(["female\tmale\ttag\tgroup", *rows, ""]))
    before = Fairness(str(encoder), ("weat", "seat"), lists=lists,
                      out=out / f"fairness-{encoder.name}")  # fmt: skip
    after = Fairness(
        str(run), ("weat", "seat", "flips", "sensitivity"), texts=asked, lists=lists,
        pairs=str(pairs), out=out / f"fairness-{run.name}",
    )  # fmt: skip
    return [before, after]


def planted_cells() -> Iterator[dict[str, Any]]:
    """Seed by seed."""
    for seed in SEEDS:
        for read in SHARES:
            for task in SHARES:
                yield {"read": read, "task": task, "seed": seed}


def real(out: Path, cell: Mapping[str, Any]) -> tuple[Path, list[Fairness]]:
    """A model of intents and slots, and what it is asked."""
    from nlu.config import NluConfig
    from nlu.train import train
    from trust.targets.intents import Intents

    kind, swap, access = Intents(), RoleSwap(gender_pairs("en")), Access()
    once = list({one.text: one for one in kind.read("xsid:train", access)}.values())
    random.Random(1).shuffle(once)
    gendered = [one for one in once if swap.swap(one.text).changes]
    others = [one for one in once if not swap.swap(one.text).changes]
    files = out / "train.tsv", out / "asked" / "en.tsv"
    files[1].parent.mkdir(parents=True, exist_ok=True)
    kind.write(files[0], others[:UTTERANCES])
    kind.write(files[1], gendered[:GENDERED])
    run = out / f"run-{cell['updates']}-{cell['seed']}"
    tests = (str(files[1]), *(f"xsid:test:{code}" for code in LANGUAGES))
    train(
        NluConfig(
            train=(str(files[0]),), test=tests, steps=cell["updates"], seed=cell["seed"], out=run,
            **TUNING,
        )
    )  # fmt: skip
    measures = ("weat", "seat", "gaps", "flips", "sensitivity")
    return run, [Fairness(str(run), measures, out=run.with_name(f"fairness-{run.name}"))]


def topics(out: Path, cell: Mapping[str, Any]) -> tuple[Path, list[Fairness]]:
    """A head for topics on the frozen encoder; asked about news that name a woman or a man."""
    from bench.role_reversal import NEWS, english
    from training.classification.config import ClassifyConfig
    from training.classify import classify

    out.mkdir(parents=True, exist_ok=True)
    run, asked = out / f"run-{cell['shots']}-{cell['seed']}", out / "asked.txt"
    swap = RoleSwap(gender_pairs("en"))
    news = [one for one in english([NEWS]) if swap.swap(one).changes and len(one.split()) <= 25]
    write_whole(asked, "".join(f"{one}\n" for one in news[:NEWS_ASKED]))
    tests = tuple(f"sib200:test:{code}" for code in TOPIC_LANGUAGES)
    classify(
        ClassifyConfig(
            ("sib200:train:en",), test=tests, model="multilingual-e5-small", freeze="encoder",
            shots=cell["shots"], seed=cell["seed"], device="cpu", out=run,
        )
    )  # fmt: skip
    fairness_of = partial(Fairness, str(run), texts=asked)
    return run, [
        fairness_of(measures=("gaps", "flips"), out=out / f"fairness-{run.name}"),
        fairness_of(measures=("sensitivity",), limit=SENSED, out=out / f"sensed-{run.name}"),
    ]


def topic_cells() -> Iterator[dict[str, Any]]:
    """Other texts of each topic by seed."""
    for seed in SEEDS:
        yield {"shots": 60, "seed": seed}


def real_cells() -> Iterator[dict[str, Any]]:
    """Seed by seed."""
    for seed in REAL_SEEDS:
        for updates in UPDATES:
            yield {"updates": updates, "seed": seed}


STEPS = {
    "planted": (planted, planted_cells),
    "topics": (topics, topic_cells),
    "real": (real, real_cells),
}


def quality(run: Path) -> dict[str, float]:
    """What the model scores on each test set."""
    told = read_json(run / "scores.json", {"results": [dict]})
    return {
        f"{re.sub(NUMBER, '', Path(one['test']).stem)}: {score['name']}": round(score["value"], 1)
        for one in told["results"]
        for score in one["scores"]
        if one["system"] == "model"
    }


def figures_of(asked: Sequence[Fairness]) -> list[dict[str, Any]]:
    """All figures; those of an encoder before its task are called so."""
    found = []
    for one in asked:
        early = " before the task" if one.model != asked[-1].model else ""
        for figure in fairness(one).figures:
            told = figure.to_json()
            found.append({**told, "measure": told["measure"] + early})
    return found


def step(name: str, lines: list[dict[str, Any]], out: Path, path: Path, most: int) -> None:
    """Make the models that are not there, at most so many."""
    make, cells = STEPS[name]
    there = [one["cell"] for one in lines if one["step"] == name]
    for cell in [one for one in cells() if one not in there][:most]:
        run, asked = make(out / name, cell)
        line = {"step": name, "cell": cell, "figures": figures_of(asked), "quality": quality(run)}
        lines.append(line)
        kept.write_lines(path, lines, lambda one: (one["step"], str(sorted(one["cell"].items()))))
        say(f"{name} {cell} {line['quality']}")


def table(name: str, lines: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Figures by what was planted, or by how long was trained; then correlations over models."""
    mine = [one for one in lines if one["step"] == name]
    if mine:
        yield from kept.markdown(figure_rows(name, mine))
        if found := list(agreement_rows(name, mine)):
            yield ""
            head = ("of representations", "of answers", "models", "rank correlation", "p")
            yield from kept.markdown([head, *found])


SHOWN = {
    "planted": (
        ("weat before the task", "effect size"), ("weat", "effect size"), ("flips", "flips"),
        ("flips", "flips beyond other words"), ("sensitivity", "relative sensitivity"),
    ),
    "real": (
        ("gaps", "best less worst"), ("flips", "flips"), ("flips", "flips beyond other words"),
        ("flips", "women less men"), ("sensitivity", "relative sensitivity"),
    ),
}  # fmt: skip
SHOWN["topics"] = SHOWN["real"]
KEYS = {"planted": ("read", "task"), "topics": ("shots",), "real": ("updates",)}


def value(line: Mapping[str, Any], measure: str, figure: str, what: str = "") -> float | None:
    """A figure of a model; None where it was not made."""
    for one in line["figures"]:
        if one["measure"] == measure and one["score"]["name"] == figure and what in one["what"]:
            return float(one["score"]["value"])
    return None


def spread(values: Sequence[float | None]) -> str:
    """The mean and, of several, the least and the most."""
    known = [one for one in values if one is not None]
    if not known:
        return "-"
    digits = 1 if max(abs(one) for one in known) > 10 else 2
    if len(known) == 1:
        return f"{known[0]:.{digits}f}"
    low, high = (f"{end(known):.{digits}f}" for end in (min, max))
    return f"{fmean(known):.{digits}f} ({low} to {high})"


def figure_rows(name: str, lines: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, ...]]:
    """A row a setting: the mean over seeds, the least and the most."""
    keys, shown = KEYS[name], SHOWN[name]
    head = [figure if figure != "effect size" else measure for measure, figure in shown]
    tests = sorted({test for one in lines for test in one["quality"] if "accuracy" in test})
    yield (*keys, "models", *tests, *head)
    settings = dict.fromkeys(tuple(one["cell"][key] for key in keys) for one in lines)
    for setting in sorted(settings):
        mine = [one for one in lines if tuple(one["cell"][key] for key in keys) == setting]
        yield (
            *(f"{one:g}" for one in setting),
            str(len(mine)),
            *(spread([one["quality"].get(test) for one in mine]) for test in tests),
            *(spread([value(one, *which) for one in mine]) for which in shown),
        )


def agreement_rows(name: str, lines: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, ...]]:
    """Representations with answers, as `trust.agreement` has them, and both with what is known."""
    columns = {key: [float(one["cell"][key]) for one in lines] for key in KEYS[name]}
    outer = {which[1]: [value(one, *which) for one in lines] for which in SHOWN[name]
             if not which[0].startswith("weat")}  # fmt: skip
    kinds = {(one["measure"], one["what"]) for line in lines for one in line["figures"]
             if one["kind"] == "intrinsic"}  # fmt: skip
    inner = {
        measure if name == "planted" else f"{measure}: {what}": [
            value(one, measure, "effect size", what) for one in lines
        ]
        for measure, what in sorted(kinds)
    }
    pairs = [(one, other) for one in inner for other in outer]
    pairs += [(one, key) for key in columns for one in inner]
    pairs += [(key, one) for key in columns for one in outer]
    every = inner | outer | columns
    for one, other in pairs:
        both = zip(every[one], every[other], strict=True)
        known = [(x, y) for x, y in both if x is not None and y is not None]
        if len(known) >= FEWEST:
            yield _agreed(pair(_called(one), _called(other), known))


def _called(name: str) -> str:
    return f"({name})" if name in ("read", "task", "updates") else name


def _agreed(one: Pair) -> tuple[str, ...]:
    told = f"{one.rank:.2f} [{one.low:.2f}, {one.high:.2f}]"
    return one.intrinsic, one.extrinsic, str(one.n), told, f"{one.p:.3f}"


def main(argv: Sequence[str] | None = None) -> int:
    """The command line."""
    how = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        "bench.fairness_models", description=__doc__, formatter_class=how
    )
    parser.add_argument("--step", choices=tuple(STEPS), help="which models are made")
    parser.add_argument("--out", type=Path, default=Path("runs/fairness-models"))
    parser.add_argument("--models", type=int, default=100, help="at most so many this time")
    parser.add_argument("--lines", type=Path, default=LINES, help="a line a model")
    parser.add_argument("--document", type=Path, help="a Markdown file to put the tables into")
    given = parser.parse_args(argv)
    lines = kept.read_lines(given.lines, SHAPE)
    torch.set_num_threads(1)
    if given.step:
        step(given.step, lines, given.out, given.lines, given.models)
    for name in STEPS:
        content = "".join(f"{line}\n" for line in table(name, lines))
        show(content)
        if given.document and content:
            in_document(given.document, f"fairness-{name}", content)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
