"""Counterfactual role reversal: what it does to whom a distilled decoder writes about.

    python -m bench.role_reversal --out runs/roles              # goes on where it stopped
    python -m bench.role_reversal --out runs/roles --seeds 2    # a part of the cells
    python -m bench.role_reversal --out runs/roles --seconds 50 # so many processor seconds of it
    python -m bench.role_reversal --table                       # run nothing

Teacher: SmolLM2-135M-Instruct, with the pieces that the text needs. The student begins as the
teacher, so that it can write from the first update on; four arms learn for as many updates, each
with some seeds: none, data, teacher, both (`training.distil --counterfactual`). What the teacher
says of the text and of the swapped text is kept once for all of them: the most probable pieces of
each place, the rest evenly.

Of each student: the disparity of what it writes about professions (`trust.fairness.generation`),
the perplexity of English news that nobody trained on, the accuracy of topics told from its
vectors, and how many of those topics change where women and men change places. A cell is a line of
`bench/role_reversal.jsonl`, with the continuations counted by profession.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bench.kept import read_lines, write_lines
from data.access import Access
from data.catalog import dataset
from data.corpus import find_corpus
from data.download import fetch
from data.files import write_whole
from data.word_lists import gender_pairs, words
from data.word_lists.swap import RoleSwap
from trust.fairness.generation import (
    Story,
    Tally,
    lower,
    next_words,
    of_next_words,
    scores,
    stories,
    tally,
    write,
)
from trust.fairness.templates import PROMPTS

LINES = Path(__file__).with_suffix(".jsonl")
SHAPE = {
    "arm": str, "seed": int, "next": [list], "nats": [float], "pieces": [int], "told": dict,
    "tally?": [list], "topics?": float, "flips?": int, "pairs?": int,
}  # fmt: skip
ARMS = ("none", "data", "teacher", "both")
TEACHER, PIECES = "smollm2-135m-instruct", 6000
TEXT = ("lafand:train:en",)
TATOEBA = ("ara", "cmn", "deu", "fra", "ita", "jpn", "nld", "por", "rus", "spa", "tur", "vie")
NEWS = "ntrex-128:test:en"
WHOLE = 1200, 600  # sentences, with words of the list and without, whose pieces the teacher keeps
GENDERED, OTHERS = 700, 300  # sentences of the text
STEPS, TOKENS, RATE = 8, 512, 2e-4
EVERY, EACH, LENGTH = 3, 9, 10  # each third profession; continuations of a prompt, their pieces
SCORED, PAIRS, TOPICS = 100, 60, 150  # sentences of news; with words of the list; of SIB-200
KEPT = 64  # pieces of a place
ACCESS = Access(offline=True)
SWAP = RoleSwap(gender_pairs("en"))
Read = Callable[..., torch.Tensor]


def english(names: Sequence[str]) -> list[str]:
    """The sentences of some corpora, each once, of four words to forty."""
    found: dict[str, None] = {}
    for name in names:
        records = find_corpus(name, access=ACCESS).records(skip_bad=True)
        found |= dict.fromkeys(record.text for record in records)
    return [text for text in found if 4 <= len(text.split()) <= 40]


def tatoeba() -> list[str]:
    """The English sides of Tatoeba's pairs with some languages, as files."""
    wanted = {f"tatoeba/tatoeba.{code}-eng.eng" for code in TATOEBA}
    files = [file for file in dataset("tatoeba").files if file.path in wanted]
    return [str(fetch(file, access=ACCESS).path) for file in files]


def chosen(sentences: Sequence[str], gendered: int, others: int) -> list[str]:
    """So many sentences with words of the list, and without, in an order of its own."""
    order = list(sentences)
    random.Random(1).shuffle(order)
    its = {True: [], False: []}  # type: dict[bool, list[str]]
    for text in order:
        its[bool(SWAP.swap(text).changes)].append(text)
    both = its[True][:gendered] + its[False][:others]
    random.Random(2).shuffle(both)
    return both


def first(lines: Sequence[str]) -> list[str]:
    """The first sentences with words of the list, and the first without, in their order."""
    room = {True: GENDERED, False: OTHERS}
    found = []
    for line in lines:
        its = bool(SWAP.swap(line).changes)
        room[its] -= 1
        if room[its] >= 0:
            found.append(line)
    return found


class Said:
    """What the teacher says of every text that it was ever asked about, kept in a file."""

    def __init__(self, path: Path) -> None:
        self._path, self._rows, self._new = path, dict[bytes, Any](), 0
        if path.exists():
            with np.load(path) as kept:
                keys, ends = kept["keys"], kept["ends"]
                at = 0
                for key, end in zip(keys, ends, strict=True):
                    self._rows[bytes.fromhex(str(key))] = kept_row(kept, at, int(end))
                    at = int(end)

    def __call__(self, read: Read) -> Read:
        """The same as `read`, which is asked only of texts that are not kept."""

        def told(ids: torch.Tensor, mask: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
            keys = [row[m.bool()].numpy().astype(np.int32).tobytes()
                    for row, m in zip(ids, mask, strict=True)]  # fmt: skip
            lacking = [n for n, key in enumerate(keys) if key not in self._rows]
            if lacking:
                self._ask(read, ids[lacking], mask[lacking], [keys[n] for n in lacking])
            size = self._size
            parts = [self._dense(key, row.nonzero().flatten().numpy(), size)
                     for key, row in zip(keys, places, strict=True)]  # fmt: skip
            return torch.cat(parts)

        return told

    def _ask(self, read: Read, ids: Any, mask: Any, keys: Sequence[bytes]) -> None:
        found = read(ids, mask, mask.bool())
        self._size = found.shape[1]
        top, which = found.topk(KEPT, dim=1)
        at = 0
        for key, length in zip(keys, mask.sum(dim=1).tolist(), strict=True):
            rows = slice(at, at + length)
            self._rows[key] = top[rows].half().numpy(), which[rows].numpy().astype(np.int32)
            at += length
        self._new += len(keys)

    _size = 0

    def _dense(self, key: bytes, places: Any, size: int) -> torch.Tensor:
        top, which = self._rows[key]
        values = torch.from_numpy(top[places].astype(np.float32))
        rest = (1 - values.sum(dim=1, keepdim=True)).clamp(min=1e-6) / (size - KEPT)
        dense = rest.expand(len(places), size).clone()
        return dense.scatter_(1, torch.from_numpy(which[places].astype(np.int64)), values)

    def of(self, size: int) -> Said:
        """For so many pieces."""
        self._size = size
        return self

    def save(self) -> None:
        """Write the file, if anything is new."""
        if not self._new:
            return
        rows = list(self._rows.values())
        np.savez(
            self._path,
            keys=np.array([key.hex() for key in self._rows]),
            ends=np.cumsum([len(top) for top, _ in rows]),
            top=np.concatenate([top for top, _ in rows]),
            which=np.concatenate([which for _, which in rows]),
        )
        self._new = 0


_ARRAYS: dict[int, Any] = {}


def kept_row(kept: Any, start: int, end: int) -> tuple[Any, Any]:
    """A text's rows of the two arrays of a file."""
    if id(kept) not in _ARRAYS:
        _ARRAYS.clear()
        _ARRAYS[id(kept)] = kept["top"], kept["which"]
    top, which = _ARRAYS[id(kept)]
    return top[start:end], which[start:end]


class Bench:
    """The folder of an experiment: text, teacher, base, cells."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.whole, self.text = out / "whole.txt", out / "text.txt"
        self.teacher = out / "teacher"

    def prepare(self) -> None:
        """The text, the teacher, what it says, and the student that all arms begin with."""
        from training.tokenizer.trimmed_model import trim_model

        self.out.mkdir(parents=True, exist_ok=True)
        if not self.text.exists():
            lines = chosen(english([*TEXT, *tatoeba()]), *WHOLE)
            write_whole(self.whole, "".join(f"{line}\n" for line in lines))
            write_whole(self.text, "".join(f"{line}\n" for line in first(lines)))
        if not self.teacher.exists():
            from models.resolve import resolve_model

            lines = self.whole.read_text("utf-8").splitlines()
            both = [t for line in lines for t in (line, SWAP.swap(line).text)]
            again = " she he her his him hers She He Her His Him himself herself"
            begun = [s.prompt + again for s in self.stories()]
            folder = resolve_model(TEACHER, ACCESS).folder
            trim_model(folder, self.teacher, lambda: iter([*both, *begun]), pieces=PIECES)
        said = self._said()
        self._ask(said)

    def _ask(self, said: Said) -> None:
        """Ask the teacher about every text and its counterfactual, once."""
        from training.distillation.run import prepare

        config, done = (
            self._config("both", 1, self.out / "asked"),
            self.out / "asked.txt",
        )
        if done.exists():
            return
        try:
            with prepare(config, ACCESS, self._view("both", said)) as prepared:
                for group in prepared.texts.in_order(TOKENS):
                    prepared.teacher(prepared.texts.batch(group))
        finally:
            said.save()
        done.touch()

    def _said(self) -> Said:
        from models.tokenizer import open_fast_tokenizer

        return Said(self.out / "teacher_said.npz").of(len(open_fast_tokenizer(self.teacher)))

    def stories(self) -> Any:
        """Every third profession in all prompts."""
        groups = words("en-professions").groups
        every = [(name, group) for group, names in groups.items() for name in names][::EVERY]
        found: dict[str, list[str]] = {}
        for name, group in every:
            found.setdefault(group, []).append(name)
        return stories(found, PROMPTS["en"])

    def _view(self, arm: str, said: Said) -> Any:
        from models.tokenizer import open_fast_tokenizer
        from training.distillation.roles import Averaged, Roles
        from training.distillation.teacher import View

        if arm in ("teacher", "both"):
            averaged = Averaged(Roles(SWAP), lambda: open_fast_tokenizer(self.teacher))
            return View(arm, lambda read, *where: averaged(said(read), *where))
        return View("kept", lambda read, *where: said(read)(*where))

    def _config(self, arm: str, seed: int, out: Path | None = None) -> Any:
        from training.distillation.config import DistilConfig

        return DistilConfig(
            (str(self.text),),
            (str(self.teacher),),
            student=str(self.teacher),
            loss="soft:1,own:0.5",
            temperature=1.0,
            steps=STEPS,
            batch_tokens=TOKENS,
            learning_rate=RATE,
            held_out=0.0,
            counterfactual="data" if arm in ("data", "both") else None,
            lang="en",
            seed=seed,
            device="cpu",
            length=128,
            cache="no",
            out=out or self.out / f"{arm}-{seed}",
        )

    def keep(self, path: Path, arm: str, seed: int, made: Any, lacks: str = "arm") -> None:
        """Add a cell to the file, or what its line lacks, if it is not there."""
        lines = read_lines(path, SHAPE)
        own = {"arm": arm, "seed": seed}
        found = next((one for one in lines if own.items() <= one.items()), {})
        if lacks in found:
            return
        new = {**found, **made(arm, seed)}
        others = [one for one in read_lines(path, SHAPE) if not own.items() <= one.items()]
        write_lines(path, [*others, new], key=lambda one: (one["seed"], one["arm"]))

    def writes(self, arm: str, seed: int) -> dict[str, Any]:
        """What the student of a cell writes."""
        return written(self.out / f"{arm}-{seed}" / "model", self.stories(), seed)

    def cell(self, arm: str, seed: int) -> dict[str, Any]:
        """Train a student, and measure it."""
        from training.distil import distil

        said = self._said()
        done = distil(self._config(arm, seed), ACCESS, view=self._view(arm, said))
        return {"arm": arm, "seed": seed} | measured(done.model, self.stories())


def measured(folder: Path, begun: Any) -> dict[str, Any]:
    """What a student would write next, and what news costs it."""
    model, tokenizer = opened(folder)
    nats, pieces = cost(model, tokenizer, english([NEWS])[:SCORED])
    next_ = [[story.profession, f, m] for story, f, m in next_words(model, tokenizer, begun, SWAP)]
    told = {"steps": STEPS, "tokens": TOKENS, "rate": RATE, "text": [GENDERED, OTHERS]}
    return {"next": next_, "nats": nats, "pieces": pieces, "told": told}


def written(folder: Path, begun: Any, seed: int) -> dict[str, Any]:
    """What a student writes, and what topics its vectors tell."""
    model, tokenizer = opened(folder)
    found = write(model, tokenizer, begun, each=EACH, length=LENGTH, seed=seed)
    rows = [[r.profession, r.group, r.female, r.male, r.neither] for r in tally(found, SWAP)]
    news = [text for text in english([NEWS]) if SWAP.swap(text).changes]
    return {"tally": rows, **topics(str(folder), news[:PAIRS])}


def opened(folder: Path) -> tuple[Any, Any]:
    """A decoder and its tokenizer."""
    from models.tokenizer import open_fast_tokenizer
    from models.weights import open_weights
    from training.pretraining.model import class_of

    model, _ = open_weights(folder, class_of(folder, "decoder", "clm"), str(folder))
    return model.eval(), open_fast_tokenizer(folder)


def cost(model: Any, tokenizer: Any, texts: Sequence[str]) -> tuple[list[float], list[int]]:
    """Nats of each text behind its first piece, and its pieces."""
    nats, pieces = [], []
    with torch.inference_mode():
        for text in texts:
            ids = torch.tensor([tokenizer(text)["input_ids"]])
            scores_ = model(input_ids=ids).logits[0, :-1].log_softmax(dim=-1)
            nats.append(round(-float(scores_.gather(1, ids[0, 1:, None]).sum()), 4))
            pieces.append(ids.shape[1] - 1)
    return nats, pieces


def topics(model: str, gendered: Sequence[str]) -> dict[str, Any]:
    """Accuracy of SIB-200's topics told from vectors, and how many answers a swap changes."""
    from models.encoder import open_encoder
    from training.classification.labelled import find_texts
    from training.classification.logistic import fitted

    encoder = open_encoder(model, access=ACCESS, dtype="float32")
    read = {part: [t for one in find_texts(f"sib200:{part}:eng_Latn", part, ACCESS)
                   for t in one.texts][:TOPICS] for part in ("train", "test")}  # fmt: skip
    labels = sorted({text.label for text in read["train"]})

    def features(texts: Sequence[str]) -> torch.Tensor:
        vectors = torch.from_numpy(encoder.encode(list(texts), pooling="mean"))
        return torch.cat([vectors * 10, torch.ones(len(texts), 1)], dim=1)

    x = features([text.text for text in read["train"]])
    gold = [labels.index(text.label) for text in read["train"]]
    head = fitted(lambda w: x @ w, x.shape[1], gold, len(labels), 1e-3)
    told = (features([t.text for t in read["test"]]) @ head).argmax(dim=1).tolist()
    right = [labels[n] == text.label for n, text in zip(told, read["test"], strict=True)]
    swapped = [SWAP.swap(text).text for text in gendered]
    one, other = ((features(part) @ head).argmax(dim=1) for part in (gendered, swapped))
    flips = int((one != other).sum())
    return {"topics": 100 * sum(right) / len(right), "flips": flips, "pairs": len(gendered)}


def table(lines: Sequence[Mapping[str, Any]]) -> str:
    """The arms, a row each: continuations of all seeds together; next words, means over seeds."""
    by_arm = {arm: [one for one in lines if one["arm"] == arm] for arm in ARMS}
    rows = [
        "| arm | seeds | of the next word | lower by, % | women, % | perplexity | beside none, % |",
        "|" + " --- |" * 7,
    ]
    for arm, found in by_arm.items():
        if found:
            paired = _paired(by_arm["none"], found)
            by_next = _shown(_lower_next(paired, found), "{:.0f}") if paired else ""
            dearer = _shown(_dearer(paired, found), "{:+.1f}") if paired else ""
            women, men = (np.array([[row[n] for row in one["next"]] for one in found]).sum()
                          for n in (1, 2))  # fmt: skip
            rows.append(
                f"| {arm} | {len(found)} | {_next(found).mean():.1f} | {by_next} |"
                f" {100 * women / (women + men):.0f} | {_perplexity(found):.1f} | {dearer} |"
            )
    rows += [
        "",
        "| arm | seeds | continuations | disparity | by chance | lower by, % | women, % |"
        " topics, % | flips, % |",
        "|" + " --- |" * 9,
    ]
    for arm, every in by_arm.items():
        if found := [one for one in every if "tally" in one]:
            rows.append(_row_of_written(arm, found, by_arm["none"]))
    return "\n".join(rows)


def _row_of_written(
    arm: str, found: Sequence[Mapping[str, Any]], none: Sequence[Mapping[str, Any]]
) -> str:
    pooled = _pooled(found)
    value, women, null = scores(pooled, "", 1)
    paired = _paired([one for one in none if "tally" in one], found)
    less = _shown(lower(_pooled(paired), pooled, 1), "{:.0f}") if paired else ""
    flips = 100 * sum(one["flips"] for one in found) / sum(one["pairs"] for one in found)
    return (
        f"| {arm} | {len(found)} | {sum(row.gendered + row.neither for row in pooled):,} |"
        f" {value.value:.1f} [{value.low:.1f}, {value.high:.1f}] | {null[0]:.1f} to {null[1]:.1f} |"
        f" {less} | {women.value:.0f} | {np.mean([one['topics'] for one in found]):.1f} |"
        f" {flips:.1f} |"
    )


def _paired(
    none: Sequence[Mapping[str, Any]], found: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """The runs without a swap of the same seeds; none where one is lacking, or for themselves."""
    seeds = [one["seed"] for one in found]
    paired = [one for seed in seeds for one in none if one["seed"] == seed]
    return paired if len(paired) == len(found) and found[0]["arm"] != "none" else []


def _shown(found: tuple[float, float, float], form: str) -> str:
    value, low, high = (form.format(one) for one in found)
    return f"{value} [{low}, {high}]"


def _pooled(lines: Sequence[Mapping[str, Any]]) -> list[Tally]:
    """The continuations of several seeds together: a share of few strays."""
    sums: dict[tuple[str, str], Any] = {}
    for line in lines:
        for profession, group, *counts in line["tally"]:
            sums[profession, group] = np.array(counts) + sums.get((profession, group), 0)
    return [Tally(*key, *map(int, counts)) for key, counts in sums.items()]


def _next(lines: Sequence[Mapping[str, Any]]) -> Any:
    """(seeds, professions): disparities of the next word."""
    told = [[(Story(name, "", ""), f, m) for name, f, m in line["next"]] for line in lines]
    return np.array([of_next_words(one) for one in told])


def _lower_next(
    before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]
) -> tuple[float, float, float]:
    """By how many per cent; the interval draws seeds and professions, in pairs."""
    one, other = _next(before), _next(after)
    rng = np.random.default_rng(1)
    values = []
    for _ in range(1000):
        where = np.ix_(rng.integers(len(one), size=len(one)),
                       rng.integers(one.shape[1], size=one.shape[1]))  # fmt: skip
        values.append(1 - other[where].mean() / one[where].mean())
    low, high = np.percentile(values, [2.5, 97.5])
    return 100 * (1 - float(other.mean() / one.mean())), 100 * float(low), 100 * float(high)


def _perplexity(lines: Sequence[Mapping[str, Any]]) -> float:
    each = [math.exp(sum(one["nats"]) / sum(one["pieces"])) for one in lines]
    return sum(each) / len(each)


def _dearer(
    before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]
) -> tuple[float, float, float]:
    """By how many per cent perplexity is higher; the interval draws sentences, in pairs."""
    one, other = (
        np.array([line["nats"] for line in part]).mean(axis=0) for part in (before, after)
    )
    pieces = np.array(before[0]["pieces"], float)
    rng = np.random.default_rng(1)
    drawn = rng.integers(len(pieces), size=(1000, len(pieces)))
    values = np.expm1((other - one)[drawn].sum(axis=1) / pieces[drawn].sum(axis=1))
    value = math.expm1(float((other - one).sum() / pieces.sum()))
    low, high = np.percentile(values, [2.5, 97.5])
    return 100 * value, 100 * float(low), 100 * float(high)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("runs/roles"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=list(ARMS))
    parser.add_argument("--prepare", action="store_true", help="the teacher and the base alone")
    parser.add_argument(
        "--seconds", type=float, default=0, help="stop after so much processor time"
    )
    parser.add_argument("--lines", type=Path, default=LINES, help="where results are kept")
    parser.add_argument("--table", action="store_true", help="print the table, run nothing")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.seconds:
        signal.signal(signal.SIGPROF, lambda *_: os.kill(os.getpid(), signal.SIGINT))
        signal.setitimer(signal.ITIMER_PROF, options.seconds)
    bench = Bench(options.out)
    if not options.table:
        bench.prepare()
        for seed in [] if options.prepare else options.seeds:
            for arm in options.arms:
                bench.keep(options.lines, arm, seed, bench.cell)
        for seed in [] if options.prepare else options.seeds:
            for arm in options.arms:
                bench.keep(options.lines, arm, seed, bench.writes, "tally")
    print(table(read_lines(options.lines, SHAPE)))


if __name__ == "__main__":
    main()
