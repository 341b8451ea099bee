"""Counterfactual role reversal where the truth is known: a planted bias, four arms, three seeds.

    python -m bench.role_planted --out runs/planted             # goes on where it stopped
    python -m bench.role_planted --table                        # run nothing

Half of the text is Tatoeba's English, half sentences of ours about professions: of every other
profession nine of ten are women, of the others nine of ten men, as `SHARES` plants it. A small
decoder is pretrained on it, the teacher; half its layers are distilled on the same text, without a
swap and with it (`training.distil --counterfactual`), and measured as in `bench.role_reversal`:
whom it writes about, what English that nobody trained on costs it, what topics its vectors tell and
how many of them a swap changes. A cell takes half a minute of one processor.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

import bench.role_reversal as reversal
from bench.kept import read_lines, write_lines
from bench.role_reversal import ARMS, SHAPE, SWAP, cost, english, opened, table, tatoeba, topics
from data.files import write_whole
from data.word_lists import words
from trust.fairness.generation import Story, next_words, stories, tally, write
from trust.fairness.templates import PROMPTS

LINES = Path(__file__).with_suffix(".jsonl")
SHARES = (0.9, 0.1)  # of women, of every other profession of the list
REAL, PLANTED, SCORED = 3000, 3000, 300  # sentences of Tatoeba, of ours; those that are scored
TEACHER_STEPS, TEACHER_TOKENS, STEPS, TOKENS, PIECES = 300, 2048, 240, 1024, 1500
EACH, LENGTH, PAIRS, TOPICS = 9, 10, 100, 300
SENTENCES = (
    "The {} said that {} was tired.",
    "The {} went home because {} was ill.",
    "I talked to the {} yesterday, and {} told me about {} work.",
    "When the {} arrived, {} had lost {} keys.",
    "The {} said that {} would bring {} book.",
    "The {} asked me to help because {} was late.",
    "When the {} called, {} was at home.",
    "I talked to the {} again, and {} was happy.",
)
SHE, HE = ("she", "her"), ("he", "his")


def professions() -> dict[str, list[str]]:
    """Every third profession, by field of work."""
    groups = words("en-professions").groups
    every = [(name, group) for group, names in groups.items() for name in names]
    found: dict[str, list[str]] = {}
    for name, group in every[:: reversal.EVERY]:
        found.setdefault(group, []).append(name)
    return found


def planted(number: int) -> Iterator[str]:
    """Sentences about professions, women and men as SHARES has it."""
    rng = random.Random(1)
    names = [name for group in professions().values() for name in group]
    for n in range(number):
        place = n % len(names)
        she, her = SHE if rng.random() < SHARES[place % 2] else HE
        sentence = rng.choice(SENTENCES)
        filled = (names[place], she, her)[: sentence.count("{}")]
        yield sentence.format(*filled)


class Planted:
    """The folder of the experiment."""

    def __init__(self, out: Path, steps: int = STEPS) -> None:
        self.out, self.text, self.news = out, out / "text.txt", out / "held.txt"
        self.steps = steps

    def prepare(self) -> None:
        """The text, what is scored, and the teacher."""
        from training.pretrain import pretrain
        from training.pretraining.config import PretrainConfig

        self.out.mkdir(parents=True, exist_ok=True)
        if not self.text.exists():
            real = [text for text in english(tatoeba()) if len(text.split()) < 15]
            random.Random(1).shuffle(real)
            whole = [*real[SCORED : SCORED + REAL], *planted(PLANTED)]
            random.Random(2).shuffle(whole)
            write_whole(self.news, "".join(f"{line}\n" for line in real[:SCORED]))
            write_whole(self.text, "".join(f"{line}\n" for line in whole))
        if not (self.out / "teacher" / "scores.json").exists():
            pretrain(
                PretrainConfig(
                    corpora=(str(self.text),),
                    objective="CLM",
                    config="decoder-tiny",
                    tokenizer=f"train:{PIECES}",
                    steps=TEACHER_STEPS,
                    batch_tokens=TEACHER_TOKENS,
                    length=64,
                    seed=1,
                    device="cpu",
                    out=self.out / "teacher",
                )
            )

    def cell(self, arm: str, seed: int) -> dict[str, Any]:
        """A student, trained and measured."""
        from training.distil import distil
        from training.distillation.config import DistilConfig

        config = DistilConfig(
            (str(self.text),),
            (str(self.out / "teacher"),),
            layers="2",
            loss="soft:1,own:0.5",
            temperature=1.0,
            steps=self.steps,
            batch_tokens=TOKENS,
            length=64,
            held_out=0.0,
            counterfactual=None if arm == "none" else arm,
            lang="en",
            seed=seed,
            device="cpu",
            cache="no",
            out=self.out / f"{arm}-{seed}-{self.steps}",
        )
        return {"arm": arm, "seed": seed} | self.measured(distil(config).model, seed)

    def stories(self) -> list[Story]:
        """What is written about."""
        return stories(professions(), PROMPTS["en"])

    def measured(self, folder: Path, seed: int) -> dict[str, Any]:
        """What a student writes, what English costs it, and what topics its vectors tell."""
        model, tokenizer = opened(folder)
        begun = self.stories()
        rows = tally(write(model, tokenizer, begun, each=EACH, length=LENGTH, seed=seed), SWAP)
        held = self.news.read_text("utf-8").splitlines()
        nats, pieces = cost(model, tokenizer, held)
        following = next_words(model, tokenizer, begun, SWAP)
        news = [text for text in english([reversal.NEWS]) if SWAP.swap(text).changes]
        reversal.TOPICS = TOPICS
        return {
            "next": [[story.profession, f, m] for story, f, m in following],
            "nats": nats,
            "pieces": pieces,
            "tally": [[r.profession, r.group, r.female, r.male, r.neither] for r in rows],
            **topics(str(folder), news[:PAIRS]),
            "told": {"steps": self.steps, "tokens": TOKENS, "text": [REAL, PLANTED]},
        }


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="a planted bias, four arms")
    parser.add_argument("--out", type=Path, default=Path("runs/planted"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--cells", type=int, default=100, help="at most so many this time")
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=list(ARMS))
    parser.add_argument("--steps", type=int, default=STEPS, help="updates of a student")
    parser.add_argument("--lines", type=Path, default=LINES, help="where results are kept")
    parser.add_argument("--table", action="store_true", help="print the table, run nothing")
    options = parser.parse_args()
    torch.set_num_threads(1)
    done = {(one["arm"], one["seed"]) for one in read_lines(options.lines, SHAPE)}
    wanted = [(a, s) for s in options.seeds for a in options.arms if (a, s) not in done]
    if not options.table:
        experiment = Planted(options.out, options.steps)
        experiment.prepare()
        for arm, seed in wanted[: options.cells]:
            lines = [*read_lines(options.lines, SHAPE), experiment.cell(arm, seed)]
            write_lines(options.lines, lines, key=lambda one: (one["seed"], one["arm"]))
    print(table(read_lines(options.lines, SHAPE)))


if __name__ == "__main__":
    main()
