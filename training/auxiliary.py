"""What auxiliary objectives add to a run: pairs, languages of texts, batches, heads.

    bitexts = find_bitexts(config, keep_out, access)                  # before the folder is opened
    beside = prepare_beside(config, opened, parts, bitexts, loss_for("encoder"))
    fit(beside.joint, beside.batches(main), joint_loss, settings, evaluate=beside.judge(judge))

`training.objectives.auxiliary` has the objectives, `training.joint` the model with its heads.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.access import Access
from data.bitext import Bitext, find_bitext
from data.contamination import KeepOut
from data.corpus import Corpus
from data.errors import InputError
from data.languages import resolve
from data.randomness import stream
from models.encoder import open_encoder, prompts_of
from training.auxiliary_options import AuxiliaryOptions
from training.joint import MAIN, Joint, Together, Weighted, batch_of, judged, pair_batch, width_of
from training.objectives import Mix, Read, Special
from training.objectives.auxiliary import PAIRS, TEXTS, Setting, auxiliary
from training.pretraining.corpora import Parts, is_held_out
from training.text import CorpusBatches, evaluation_batches
from training.tokenizer.special import encoded, literal_backend

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor, nn

    from models.resolve import Model
    from training.batches import Batch, Batches
    from training.losses import Loss

HEAD_RATE = 2e-3  # of heads; they begin at random beside an encoder that learns at 1e-4
POOL = 16  # batches whose pairs are sorted by length together
MOST_HELD_OUT = 1000  # texts of a corpus, and pairs, by which heads are judged
Ids = tuple[int, ...]
Judge = Callable[["nn.Module"], Mapping[str, float]]


def find_bitexts(
    config: AuxiliaryOptions, keep_out: KeepOut, access: Access, *, skip_bad: bool = False
) -> list[Bitext]:
    """The translations that a run asks for, without pairs of which a side is in a test set.

    Raises:
        InputError: see `data.bitext.find_bitext`; nothing is left; the same name twice.
        UnavailableError: a file of the catalog cannot be had.
    """
    twice = [name for name, number in Counter(config.pairs).items() if number > 1]
    if twice:
        raise InputError(f"--pairs {twice[0]}: named twice; give it once")
    found = []
    for name in config.pairs:
        bitext = find_bitext(name, access=access, skip_bad=skip_bad)
        kept = tuple(p for p in bitext.pairs if not any(map(keep_out.find, p)))
        if not kept:
            raise InputError(f"--pairs {name}: every pair stands in a test set; give other pairs")
        if dropped := len(bitext.pairs) - len(kept):
            access.say(f"{name}: {dropped:,} pairs of test sets were left out")
        for remark in bitext.remarks:
            access.say(remark)
        found.append(replace(bitext, pairs=kept))
    return found


def language_of(corpus: Corpus, access: Access = Access()) -> str:
    """The language of a corpus: as the catalog or a synthesis says, else by its file's name.

    Returns:
        A BCP-47 code.

    Raises:
        InputError: it holds several languages, or nothing names one.
    """
    if len(corpus.languages) == 1:
        return resolve(corpus.languages[0]).bcp47
    if corpus.languages:
        raise InputError(
            f"--auxiliary: {corpus.name} holds {len(corpus.languages)} languages; name one of them:"
            f" {corpus.name}:CODE"
        )
    parts = re.split(r"[._-]", Path(corpus.name).name)[1:]
    codes = [part for part in parts if re.fullmatch(r"[a-z]{2,3}", part) and part not in SUFFIXES]
    for code in codes:
        try:
            found = resolve(code)
        except InputError:
            continue
        access.say(f"{corpus.name}: taken for {found.name}, by its name's part {code}")
        return found.bcp47
    raise InputError(
        f"--auxiliary: nothing says the language of {corpus.name}; put its code into the file's"
        " name, as in news.sw.txt"
    )


SUFFIXES = ("txt", "gz", "zst", "tsv", "csv")


@dataclass(frozen=True)
class Beside:
    """Auxiliary objectives, ready to be trained beside a model.

    Attributes:
        joint: the model with its heads.
        streams: their batches by the names of streams; held_out: batches that judge them.
    """

    joint: Joint
    streams: Mapping[str, Batches]
    held_out: Sequence[Batch]

    def batches(self, main: Batches | None) -> Together:
        """The stream of a run: the main objective's, if any, and theirs."""
        return Together({**({MAIN: main} if main is not None else {}), **self.streams})

    def judge(self, judge: Judge | None) -> Callable[[nn.Module], dict[str, float]] | None:
        """The evaluation of a run: the model's own figures, if any, and the heads'."""
        return judged(judge, self.held_out) if judge or self.held_out else None


def prepare_beside(
    config: AuxiliaryOptions,
    model: nn.Module,
    tokenizer: Any,
    base: Model | None,
    texts: Sequence[tuple[Parts, str]],
    bitexts: Sequence[Bitext],
    main: Loss | None,
    *,
    rate: float,
    share: float,
    device: str = "cpu",
    access: Access = Access(),
) -> Beside:
    """Make the heads and the batches that a configuration asks for.

    Args:
        base: what the model was opened from: its prefix stands before each text.
        texts: corpora as ids, each with its language.
        main: the loss of the main objective, or None.
        rate: at which the model learns, at its highest.
        share: of the pairs that are held out.
        device: computes the vectors that the model has for sources before it is trained.

    Raises:
        InputError: a single language, a language without transcription, too few pairs.
        UnavailableError: a package is missing.
    """
    import torch

    from training.architectures import seeded

    special, backend = Special.of(tokenizer), literal_backend(tokenizer)
    prefix = _prefix(base, backend)
    languages, quickness = tuple(language for _, language in texts), max(1.0, HEAD_RATE / rate)
    about = (languages, width_of(model), special, quickness, config.ramp, config.contrast)
    setting = Setting(*about)
    with seeded(config.seed):
        torch.manual_seed(config.seed)
        weighted = {
            name: Weighted(auxiliary(name).make(setting), weight, auxiliary(name).reads)
            for name, weight in config.weights.items()
        }
    streams: dict[str, Batches] = {}
    held_out: list[Batch] = []
    if config.reads(TEXTS):
        mix = Mix({"none": Read(special, prefix)}, {"none": 1.0}, config.length, "encoder", special)
        streams[TEXTS], judged_by = _text_stream(config, [part for part, _ in texts], mix)
        held_out += [batch_of(TEXTS, batch) for batch in judged_by]
    if config.reads(PAIRS):
        goals = None
        if config.has_goals and base:  # the options see to it that there is one
            goals = open_encoder(str(base.folder), device=device, access=access).encode
        made = PairStream(bitexts, backend, special, prefix, config, share, goals)
        streams[PAIRS] = made
        held_out += [batch_of(PAIRS, batch) for batch in made.held_out()]
    return Beside(Joint(model, weighted, main), streams, held_out)


def _prefix(base: Model | None, backend: Any) -> Ids:
    """The ids of what stands before each text of a model; none where nothing does."""
    prompt = prompts_of(base.folder).get("query", "").rstrip() if base else ""
    return tuple(next(encoded(backend, [prompt]))) if prompt else ()


def _text_stream(
    config: AuxiliaryOptions, parts: Sequence[Parts], mix: Mix
) -> tuple[CorpusBatches, list[dict[str, Tensor]]]:
    """The batches of texts, and those of held-out ones."""
    batches = CorpusBatches(
        [part.train for part in parts],
        mix,
        tokens=config.batch_tokens,
        temperature=getattr(config, "temperature", 1.0),
        seed=config.seed,
    )
    numbers = [number for number, part in enumerate(parts) if part.held_out is not None]
    held = [part.held_out for part in parts if part.held_out is not None]
    if not held:
        return batches, []
    judged_by = evaluation_batches(
        held, mix, tokens=config.batch_tokens, limit=MOST_HELD_OUT, numbered=True
    )
    for batch in judged_by:
        batch["corpus"] = _renumbered(batch["corpus"], numbers)
    return batches, judged_by


def _renumbered(corpora: Tensor, numbers: Sequence[int]) -> Tensor:
    """The numbers among all corpora of those that have held-out documents."""
    import torch

    return torch.tensor(numbers)[corpora]


class PairStream:
    """Endless batches of translations: each pair once an epoch, beside others of like length."""

    def __init__(
        self,
        bitexts: Sequence[Bitext],
        backend: Any,
        special: Special,
        prefix: Ids,
        config: AuxiliaryOptions,
        share: float,
        goals: Callable[[Sequence[str]], NDArray[np.float32]] | None = None,
    ) -> None:
        """Tokenise the pairs; longer texts are cut.

        Args:
            share: of them that are held out.
            goals: the vectors of sources, (N, D), which stand in batches then.

        Raises:
            InputError: fewer pairs than a batch.
        """
        self._pad, self._size, self._seed = special.pad, config.pairs_a_batch, config.seed
        every = [pair for bitext in bitexts for pair in bitext.pairs]
        held = [pair for pair in every if is_held_out(pair[0], share)]
        kept = [pair for pair in every if not is_held_out(pair[0], share)]
        if len(kept) < self._size:
            raise InputError(
                f"--pairs: expected {self._size} translations or more to train on, found"
                f" {len(kept)}; give more, or a smaller --pairs-a-batch"
            )
        most = config.length - len(special.start) - len(prefix) - len(special.end)

        def ids(texts: Sequence[str]) -> list[Ids]:
            found = (tuple(one[:most]) for one in encoded(backend, texts))
            return [(*special.start, *prefix, *one, *special.end) for one in found]

        numbers: dict[str, int] = {}
        self._pairs, self._numbers = [], []
        for part in (kept, held[:MOST_HELD_OUT]):
            sides = list(zip(*part, strict=True)) or [(), ()]
            self._pairs.append(list(zip(*map(ids, sides), strict=True)))
            told = [[numbers.setdefault(t, len(numbers)) for t in pair] for pair in part]
            self._numbers.append([(source, target) for source, target in told])
        self._goals = _goals(numbers, {n for part in self._numbers for n, _ in part}, goals)
        self._epoch = self._done = 0

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        """Go on from the place."""
        while True:
            plan = self._plan(self._epoch)
            while self._done < len(plan):
                self._done += 1
                yield self._batch(0, plan[self._done - 1])
            self._epoch, self._done = self._epoch + 1, 0

    def state_dict(self) -> dict[str, int]:
        """The epoch (from 0) and how many of its batches were yielded."""
        return {"epoch": self._epoch, "done": self._done}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from such a place."""
        self._epoch, self._done = int(state["epoch"]), int(state["done"])

    def held_out(self) -> Iterator[dict[str, Tensor]]:
        """The held-out pairs once, in batches of the same size as in training."""
        number = len(self._pairs[1])
        for start in range(0, number - self._size + 1, self._size):
            yield self._batch(1, range(start, start + self._size))

    def _plan(self, epoch: int) -> list[list[int]]:
        """The batches of an epoch; what fills none is left for the next."""
        pairs, order = self._pairs[0], list(range(len(self._pairs[0])))
        rng = stream(self._seed, "pairs", str(epoch))
        rng.shuffle(order)
        plan = []
        for start in range(0, len(order), POOL * self._size):
            pool = sorted(order[start : start + POOL * self._size], key=lambda n: len(pairs[n][0]))
            plan += [pool[at : at + self._size] for at in range(0, len(pool), self._size)]
        plan = [batch for batch in plan if len(batch) == self._size]
        rng.shuffle(plan)
        return plan

    def _batch(self, part: int, rows: Sequence[int]) -> dict[str, Tensor]:
        import torch

        chosen = [self._pairs[part][row] for row in rows]
        numbers = [self._numbers[part][row] for row in rows]
        batch = pair_batch(chosen, numbers, self._pad)
        if self._goals:
            batch["goal"] = torch.stack([self._goals[source] for source, _ in numbers])
        return batch


def _goals(
    numbers: Mapping[str, int],
    sources: Collection[int],
    goals: Callable[[Sequence[str]], NDArray[np.float32]] | None,
) -> dict[int, Tensor]:
    """The vectors of sources by their numbers; none where none are asked for."""
    import torch

    if goals is None:
        return {}
    texts = {text: number for text, number in numbers.items() if number in sources}
    return dict(zip(texts.values(), torch.from_numpy(goals(list(texts))), strict=True))
