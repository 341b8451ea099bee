"""English sentences around the words of a lexicon, written by a model, for `lexaug` to work on.

    python -m icl.generate --lang wo --lexicon gatitos --sentences 200
    python -m icl.generate --lang bm --about health,sports --base-url http://localhost:8000/v1

Words are dealt out a few at a time, each once before any comes again, and a model is asked for a
sentence that uses them (LexC-Gen, Yong, Menghini and Bach 2024, https://arxiv.org/abs/2402.14086).
What it writes in English holds words that the lexicon can translate, so `python -m
lexaug.synthesize --lang wo --input RUN/text.txt` has more to replace than in text that came by
itself; with --about each sentence has a label. A sentence is kept that uses enough of its words and
is no copy; sentences.jsonl says of each which words it used and why it was left out.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.access import Access
from data.errors import InputError
from data.files import canonical_json, sha256_text, write_whole
from data.languages import resolve
from data.options import check, command, common, identity_of, option, to_json
from data.parallel import Pair
from icl.engines import EngineOptions
from icl.templates import Template
from runfolder.folder import RunKind, run_folder
from runfolder.records import RecordFile

if TYPE_CHECKING:
    from icl.engines import Backend, Request

KIND = RunKind(
    "icl.generate",
    {"lexicon": {"name": str, "sha256": str}, "engine": {str: str}},
    ("sentences.jsonl",),
    begun=("answers.jsonl", "text.txt", "labels.tsv"),
)
TEMPLATE = Template(
    "generate",
    query="Write one sentence in English with the words: {source}\nSentence:",
    answer=" {target}",
    stop=("\n",),
)
EXAMPLES = (
    ("river, carry, morning", "Every morning the children carry water from the river."),
    ("doctor, child, sick; about health", "The doctor asked why the child was sick again."),
    ("market, fish, cheap", "Fish is cheap at the market when the boats come home."),
    ("team, win, game; about sports", "Our team will win the last game of the year."),
)
LONGEST_WORDS, SHORTEST = 60, 4  # words of a sentence that is kept
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_ANSWER = {"key": str, "text": str, "finish": str}


@dataclass(frozen=True)
class GenerateConfig(EngineOptions):
    """What is written, and by whom; the options of `python -m icl.generate`."""

    lang: str | None = common("--lang", help="language of the lexicon's translations")
    lexicon: str | None = option(
        None, "whose English words are used: a catalog name, a file (default: the best at hand)"
    )
    sentences: int = option(100, "to ask for (default 100)", metavar="N", least=1, most=1_000_000)
    words: int = option(3, "of the lexicon for each (default 3)", metavar="K", least=1, most=12)
    about: tuple[str, ...] = option(
        (),
        "subjects, which become labels: health,sports,travel",
        metavar="LABELS",
        separator=",",
    )
    shots: int = option(
        4, f"examples of ours in the prompt, 0 to {len(EXAMPLES)} (default 4)", metavar="K", least=0
    )
    share: float = option(
        0.5, "of its words that a sentence must use (default 0.5)", least=0, most=1
    )
    seed: int = option(1, "of the words (default 1)", metavar="N")
    out: Path | None = common("--out", identity=False)
    offline: bool = common("--offline")

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        check(self)
        if self.lang is None:
            raise InputError("--lang is missing: the language of the lexicon, --lang wo")
        if self.shots > len(EXAMPLES):
            raise InputError(f"--shots {self.shots}: there are {len(EXAMPLES)} examples")
        for label in self.about:
            if not label.strip() or any(c in label for c in "\t\n;"):
                raise InputError(f"--about {label!r}: expected words without tabs and semicolons")


@dataclass(frozen=True, slots=True)
class Bag:
    """Words that a sentence is to use, and what it is to be about; "" for anything."""

    words: tuple[str, ...]
    about: str = ""

    @property
    def asked(self) -> str:
        """As it stands in a prompt.

        >>> Bag(("milk", "buy"), "food").asked
        'milk, buy; about food'
        """
        return ", ".join(self.words) + (f"; about {self.about}" if self.about else "")


@dataclass(frozen=True)
class Generated:
    """What a run wrote.

    Attributes:
        kept: sentences in text.txt, of `asked`.
        left_out: how many went, by reason.
        used: share of the dealt words that the kept sentences use.
    """

    folder: Path
    asked: int
    kept: int
    left_out: Mapping[str, int]
    used: float


def bags(
    words: Sequence[str], count: int, size: int, about: Sequence[str], seed: int
) -> Iterator[Bag]:
    """Words dealt out: each once before any comes again, subjects in turns.

    >>> [bag.words for bag in bags(["a", "b", "c"], 3, 1, (), 1)]
    [('b',), ('c',), ('a',)]
    """
    rng, deck = random.Random(seed), list[str]()
    for number in range(count):
        hand = list[str]()
        while len(hand) < min(size, len(words)):
            if not deck:
                deck = rng.sample(list(words), len(words))
            hand.append(deck.pop())
            if len(set(hand)) < len(hand):  # a new deck may begin with what the last one ended with
                deck.insert(0, hand.pop())
        yield Bag(tuple(hand), about[number % len(about)] if about else "")


def used(words: Sequence[str], sentence: str) -> tuple[str, ...]:
    """The words of a bag that stand in a sentence, in any form that begins alike.

    A form begins with all but the last letter of the word, the last two of a long one (carry,
    carried; make, making), and is at most four letters longer.

    >>> used(("carry", "make", "sea"), "He carried on making seasons.")
    ('carry', 'make')
    """
    there = [one.casefold() for one in _WORD.findall(sentence)]

    def stands(word: str) -> bool:
        low = word.casefold()
        stem = low[: max(3, len(low) - (1 if len(low) < 7 else 2))]
        return any(
            one == low or (one.startswith(stem) and len(one) <= len(low) + 4 and len(low) > 3)
            for one in there
        )

    return tuple(word for word in words if all(map(stands, word.split())))


def fault(bag: Bag, sentence: str, share: float, before: set[str]) -> str:
    """Why a sentence is left out; "" where it is kept.

    Args:
        before: what was kept, in small letters.
    """
    count = len(_WORD.findall(sentence))
    if not sentence:
        return "empty"
    if not SHORTEST <= count <= LONGEST_WORDS:
        return f"not {SHORTEST} to {LONGEST_WORDS} words"
    if sentence.casefold() in before:
        return "copy"
    if len(used(bag.words, sentence)) < share * len(bag.words):
        return "too few of its words"
    return ""


def generate(config: GenerateConfig, access: Access | None = None) -> Generated:
    """Have the sentences written into a run's folder, or go on with it.

    Raises:
        InputError: a lexicon without single English words, another run in the folder.
        UnavailableError: the engine or the lexicon cannot be had.
    """
    from data.lexicon.load import load_lexicon
    from icl.engines import Settings, open_backend

    access = access or Access.of(config)
    language = resolve(config.lang or "")
    lexicon = load_lexicon(resolve("en"), language, name=config.lexicon, access=access)
    words = sorted({entry.source for entry in lexicon.entries if _WORD.fullmatch(entry.source)})
    if not words:
        raise InputError(f"{lexicon.name}: no entry is a single English word; give another lexicon")
    backend = open_backend(Settings(config, TEMPLATE.stop, access))
    identity = {
        **identity_of(config),
        "lexicon": {"name": lexicon.name, "sha256": sha256_text("\n".join(words))},
        "engine": dict(backend.identity),
        "template": TEMPLATE.fingerprint,
    }
    what = f"generated-{language.bcp47}"
    with run_folder(KIND, what, identity, out=config.out, options=to_json(config)) as run:
        dealt = list(bags(words, config.sentences, config.words, config.about, config.seed))
        told = _answers(config, backend, dealt, run.folder / "answers.jsonl", access)
        return _written(run.folder, config, dealt, told)


def _answers(
    config: GenerateConfig, backend: Backend, dealt: Sequence[Bag], path: Path, access: Access
) -> list[str]:
    """The model's sentences, of which those that a killed run had are not asked for again."""
    from icl.answers import answer_of

    journal = RecordFile(path, _ANSWER)
    try:
        known = {one["key"]: one["text"] for one in journal}
        requests = list(_requests(config, backend, dealt))
        waiting = [request for request in requests if request.id not in known]
        batches = backend.plan(waiting)
        for batch, completions in zip(batches, backend.run(batches), strict=True):
            found = [
                (request.id, answer_of(completion, TEMPLATE.stop))
                for request, completion in zip(batch.requests, completions, strict=True)
            ]
            journal.append([{"key": k, "text": a.text, "finish": a.finish} for k, a in found])
            known.update((k, a.text) for k, a in found)
            access.say(f"{len(known):,} of {len(dealt):,} sentences")
    finally:
        journal.close()
    return [known[request.id].strip() for request in requests]


def _requests(config: GenerateConfig, backend: Backend, dealt: Sequence[Bag]) -> Iterator[Request]:
    from icl.engines import Request
    from icl.prompt import Languages, no_hints, render_fitting

    names = Languages.of(resolve("en"), resolve("en"))
    shots = [Pair(f"example {n}", *pair) for n, pair in enumerate(EXAMPLES[: config.shots], 1)]
    for number, bag in enumerate(dealt):
        prompt, _ = render_fitting(
            TEMPLATE, shots, bag.asked, names, no_hints, backend.special, backend.fits
        )
        yield Request(str(number), bag.asked, prompt)


def _written(
    folder: Path, config: GenerateConfig, dealt: Sequence[Bag], told: Sequence[str]
) -> Generated:
    before = {target.casefold() for _, target in EXAMPLES}
    records, kept, gone = list[dict[str, Any]](), list[tuple[Bag, str]](), Counter[str]()
    for number, (bag, sentence) in enumerate(zip(dealt, told, strict=True)):
        why = fault(bag, sentence, config.share, before)
        record = {"id": number, "words": bag.words, "used": used(bag.words, sentence)}
        records.append({**record, "about": bag.about, "text": sentence, "left_out": why})
        if why:
            gone[why] += 1
        else:
            kept.append((bag, sentence))
            before.add(sentence.casefold())
    write_whole(folder / "text.txt", "".join(f"{sentence}\n" for _, sentence in kept))
    if config.about:
        lines = "".join(f"{bag.about}\t{sentence}\n" for bag, sentence in kept)
        write_whole(folder / "labels.tsv", f"category\ttext\n{lines}")
    write_whole(folder / "sentences.jsonl", "".join(f"{canonical_json(r)}\n" for r in records))
    words = sum(len(bag.words) for bag, _ in kept)
    share = sum(len(used(bag.words, sentence)) for bag, sentence in kept) / max(words, 1)
    return Generated(folder, len(dealt), len(kept), dict(gone), share)


def run(config: GenerateConfig) -> int:
    """The command: write, and say what was kept."""
    from runfolder.console import say, show

    done = generate(config, Access.of(config, say))
    for reason, number in sorted(done.left_out.items()):
        say(f"left out, {reason}: {number:,}")
    show(
        f"wrote {done.folder}: text.txt, {done.kept:,} of {done.asked:,} sentences, which use"
        f" {100 * done.used:.0f} % of their words; sentences.jsonl"
        + (", labels.tsv" if config.about else "")
    )
    return 0 if done.kept else 1


def main(argv: Sequence[str] | None = None) -> int:
    """The command line over `generate`."""
    return command("icl.generate", __doc__ or "", GenerateConfig, run, argv)


if __name__ == "__main__":
    raise SystemExit(main())
