"""The model: an encoder, a head for the intent on its pooled pieces, one for a slot label a word.

    model = load_nlu("runs/nlu-1f2e")
    model.parse([("wake", "me", "at", "five")])
    # [Parsed(intent='alarm/set_alarm', slots=('O', 'O', 'O', 'B-datetime'), confidence=0.98)]

After JointBERT (Chen et al. 2019, https://arxiv.org/abs/1902.10909). A word is seen by its first
piece or by the mean of all of its pieces; the best *valid* tags are taken (`nlu.decoding`). An
utterance that is longer than the model sees is cut between words into windows, of which the first
says the intent. Its folder is the encoder's own (config.json, weights, tokenizer: AutoModel opens
it) with heads.safetensors and nlu.json beside it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from data.access import Access
from data.bounded import read_json
from data.errors import InputError
from data.files import canonical_json, write_whole
from data.labels.bio import OUTSIDE
from data.randomness import stream
from models.resolve import Model, resolve_model
from models.tokenizer import open_fast_tokenizer
from models.weights import (
    check_ids,
    check_whole,
    open_weights,
    save_safetensors,
    with_low_rank_adapters,
)
from nlu.config import FIRST, MEAN
from nlu.decoding import Crf, best_tags, names, tag_labels
from nlu.neighbours import Keys
from training.architectures import seeded
from training.classification.classifier import pool
from training.joint import freeze
from training.objectives.examples import IGNORED
from training.tagging.tagger import NO_PIECE, POOL, Coder, Window, grouped, inference

HEADS, SETTINGS = "heads.safetensors", "nlu.json"
SHAPE = {
    "intents": [str],
    "slots": [str],
    "pooling": str,
    "words": str,
    "crf": bool,
    "length": int,
    "dtype": str,
    "keys?": int,
    "own?": int,
    "again?": int | float,
    "text?": bool,
}
MOST_KEYS = 10_000_000
DROPOUT = 0.1
ON_CPU, ELSEWHERE = 256, 4096  # pieces at once: on a CPU padding costs more than small batches do


@dataclass(frozen=True, slots=True)
class Parsed:
    """What the model says of an utterance.

    Attributes:
        slots: a BIO tag a word.
        confidence: the probability of the intent, 0 to 1.
    """

    intent: str
    slots: tuple[str, ...]
    confidence: float


@dataclass(frozen=True, slots=True)
class Shape:
    """What a network is made of, beside its encoder.

    Attributes:
        intents, slots: in order; slots are the labels of tags without B- and I-.
        pooling: of the pieces, for the intent; see `models.encoder`.
        words: "first" or "mean".
        keys: training utterances by which intents are told; 0 where a linear head does.
        own: the encoder stays as it is for intents, and slots have layers of their own above so
            many; None: one encoder for both.
        again: logarithm of how often a word after one of a slot begins the same slot anew; 0: as
            often as not. Without a CRF, which learns it.
    """

    intents: tuple[str, ...]
    slots: tuple[str, ...]
    pooling: str = MEAN
    words: str = FIRST
    crf: bool = False
    keys: int = 0
    own: int | None = None
    again: float = 0.0

    @property
    def tags(self) -> tuple[str, ...]:
        """The labels of words."""
        return tag_labels(self.slots)


class Network(nn.Module):
    """From pieces (B, T) to scores of intents (B, I) and of tags (B, W, L)."""

    centre: Tensor

    def __init__(self, encoder: Any, shape: Shape) -> None:
        super().__init__()
        width = int(encoder.config.hidden_size)
        self.encoder = encoder
        self.reader = None if shape.own is None else with_own_layers(encoder, shape.own)
        self.shape = shape
        self.dropout = nn.Dropout(DROPOUT)
        self.intent = nn.Linear(width, len(shape.intents))
        self.slot = nn.Linear(width, len(shape.tags))
        self.crf = Crf(len(shape.tags)) if shape.crf else None
        self.register_buffer("centre", torch.zeros(width))  # mean of the training texts
        if shape.keys:
            numbers = [0] * shape.keys
            self.remember(Keys.of(torch.zeros(shape.keys, width), numbers, len(shape.intents)))

    def remember(self, keys: Keys) -> None:
        """Tell intents by these training utterances from now on, not by the linear head."""
        self.shape = replace(self.shape, keys=len(keys.intents))
        device = self.centre.device
        self.register_buffer("keys", keys.vectors.to(device))
        self.register_buffer("key_intents", keys.intents.to(device))
        self.register_buffer("key_mean", keys.mean.to(device))

    def intents_of(self, pooled: Tensor) -> Tensor:
        """Scores of intents, (B, I), of the pooled vectors of utterances."""
        if not self.shape.keys:
            scores: Tensor = self.intent(self.dropout(pooled))
            return scores
        kept = self.get_buffer("keys"), self.get_buffer("key_intents"), self.get_buffer("key_mean")
        return Keys(*kept, len(self.shape.intents)).scores(pooled)

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        words: Tensor,
        shift: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Scores of intents and tags.

        Args:
            words: (B, T) the number of the word that a piece belongs to, -1 for none.
            shift: (D,) added to every state of the encoder: what centring moves a language by.
        """
        if self.training and self.shape.keys:  # intents have nothing to learn
            states = self._run(self.reader or self.encoder, input_ids, attention_mask)
            intents = states.new_zeros(len(states), len(self.shape.intents))
        else:
            states, pooled = self.states(input_ids, attention_mask)
            if shift is not None:
                pooled = pooled + shift
                states = states + shift if self.reader is None else states
            intents = self.intents_of(pooled)
        return intents, self.slot(self.dropout(word_states(states, words, self.shape.words)))

    def states(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor]:
        """(B, T, D) of pieces, for slots, and (B, D) of utterances, in float32."""
        states = self._run(self.encoder, input_ids, attention_mask)
        pooled = pool(states, attention_mask, self.shape.pooling)
        if self.reader is not None:
            states = self._run(self.reader, input_ids, attention_mask)
        return states, pooled

    def pooled(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """(B, D) of utterances, in float32: `states` without those of pieces."""
        states = self._run(self.encoder, input_ids, attention_mask)
        return pool(states, attention_mask, self.shape.pooling)

    def _run(self, encoder: Any, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        states: Tensor = encoder(input_ids=input_ids, attention_mask=attention_mask)[0]
        return states.float()

    def heads(self) -> dict[str, Tensor]:
        """The weights that are not the encoder's; what slots share with it is the encoder's."""
        names = {name for name, _ in self.named_parameters()}  # each weight under its first name
        found = self.state_dict()
        return {
            name: tensor.contiguous()
            for name, tensor in found.items()
            if not name.startswith("encoder.") and (name in names or not name.startswith("reader."))
        }


def with_own_layers(encoder: Any, shared: int) -> Any:
    """A copy of an encoder that shares its embeddings and first layers; None: it would share all.

    The encoder itself is frozen, the copy's own layers are not.

    Raises:
        InputError: the encoder has no such number of layers, or none that are known.
    """
    freeze(encoder, shared)
    same = {id(weight): weight for weight in encoder.parameters() if not weight.requires_grad}
    copied = (
        copy.deepcopy(encoder, dict(same)) if len(same) < len([*encoder.parameters()]) else None
    )
    encoder.requires_grad_(False)
    return copied


def word_states(states: Tensor, words: Tensor, how: str) -> Tensor:
    """(B, T, D) to (B, W, D): of each word the first piece, or the mean of its pieces.

    >>> states = torch.tensor([[[9.0], [1.0], [3.0], [5.0]]])
    >>> words = torch.tensor([[-1, 0, 0, 1]])
    >>> [word_states(states, words, how).flatten().tolist() for how in ("first", "mean")]
    [[1.0, 5.0], [2.0, 5.0]]
    """
    batch, _, width = states.shape
    number = max(1, int(words.max()) + 1)
    if how == FIRST:
        before = torch.cat([torch.full_like(words[:, :1], -1), words[:, :-1]], dim=1)
        counts = (words >= 0) & (words != before)
    else:
        counts = words >= 0
    rows, places = counts.nonzero(as_tuple=True)
    slots = rows * number + words[rows, places]
    total = states.new_zeros(batch * number, width).index_add(0, slots, states[rows, places])
    if how == FIRST:
        return total.view(batch, number, width)
    parts = states.new_zeros(batch * number).index_add(0, slots, states.new_ones(len(slots)))
    return (total / parts.clamp(min=1)[:, None]).view(batch, number, width)


@dataclass(frozen=True)
class NluModel:
    """A network with its tokenizer.

    Attributes:
        length: pieces that are seen at once.
        dtype: of the multiplications in `parse`: "float32" or "bfloat16".
    """

    network: Network
    tokenizer: Any
    length: int
    dtype: str = "float32"

    @property
    def shape(self) -> Shape:
        """What the network is made of."""
        return self.network.shape

    @cached_property
    def coder(self) -> Coder:
        """What cuts utterances into windows."""
        return Coder(self.tokenizer, self.length)

    def parse(
        self,
        utterances: Sequence[Sequence[str]],
        tokens: int | None = None,
        *,
        shift: Tensor | None = None,
    ) -> list[Parsed]:
        """Intent and slots of utterances, given as words.

        Args:
            tokens: pieces at once, padding included; by default what suits the device.
            shift: of `shift_to`.
        """
        intents = np.zeros((len(utterances), len(self.shape.intents)), np.float32)
        slots = [[OUTSIDE] * len(words) for words in utterances]
        moves = self.network.crf.matrix() if self.network.crf is not None else None
        for group, (of_intents, of_tags) in self._forward(utterances, tokens, shift):
            for row, window in enumerate(group):
                if window.word == 0:
                    intents[window.sentence] = of_intents[row]
                if window.firsts:
                    scores = of_tags[row, : len(window.firsts)]
                    found = names(best_tags(scores, moves, self.shape.again), self.shape.tags)
                    slots[window.sentence][window.word : window.word + len(found)] = found
        best = intents.argmax(axis=1) if len(intents) else []
        return [
            Parsed(self.shape.intents[number], valid(tags), float(np.exp(row[number])))
            for number, tags, row in zip(best, slots, intents, strict=True)
        ]

    def probabilities(
        self,
        utterances: Sequence[Sequence[str]],
        tokens: int | None = None,
        *,
        shift: Tensor | None = None,
    ) -> tuple[NDArray[np.float32], list[NDArray[np.float32]]]:
        """Logarithms of the probabilities of intents (N, I), and of each word's tags (W, L)."""
        intents = np.zeros((len(utterances), len(self.shape.intents)), np.float32)
        tags = [np.zeros((len(words), len(self.shape.tags)), np.float32) for words in utterances]
        for group, (of_intents, of_tags) in self._forward(utterances, tokens, shift):
            for row, window in enumerate(group):
                if window.word == 0:
                    intents[window.sentence] = of_intents[row]
                here = tags[window.sentence][window.word : window.word + len(window.firsts)]
                here[:] = of_tags[row, : len(here)]
        return intents, tags

    def pooled(self, utterances: Sequence[Sequence[str]], tokens: int | None = None) -> Tensor:
        """The pooled vectors of utterances, (N, D); of a long one that of its first window."""
        found = self.network.centre.new_zeros(len(utterances), len(self.network.centre))
        for group in self._groups(utterances, tokens):
            batch = self._batch(group)
            with inference(self.network), self._autocast():
                pooled = self.network.pooled(batch["input_ids"], batch["attention_mask"])
            for row, window in enumerate(group):
                if window.word == 0:
                    found[window.sentence] = pooled[row]
        return found

    def mean(self, utterances: Sequence[Sequence[str]], tokens: int | None = None) -> Tensor:
        """The mean of the pooled vectors of utterances, (D,)."""
        return self.pooled(utterances, tokens).sum(dim=0) / max(1, len(utterances))

    def shift_to(self, utterances: Sequence[Sequence[str]]) -> Tensor:
        """What moves unlabelled utterances of a language to where the training texts lie, (D,)."""
        return self.network.centre - self.mean(utterances)

    def _forward(
        self, utterances: Sequence[Sequence[str]], tokens: int | None, shift: Tensor | None
    ) -> Iterator[tuple[list[Window], tuple[NDArray[np.float32], NDArray[np.float32]]]]:
        """Windows with log-probabilities of intents, and of tags (scores, with a CRF)."""
        for group in self._groups(utterances, tokens):
            with inference(self.network), self._autocast():
                intents, tags = self.network(**self._batch(group), shift=shift)
            tags = tags.float() if self.shape.crf else tags.float().log_softmax(dim=-1)
            yield group, (intents.float().log_softmax(dim=-1).cpu().numpy(), tags.cpu().numpy())

    def _groups(
        self, utterances: Sequence[Sequence[str]], tokens: int | None
    ) -> Iterator[list[Window]]:
        windows = self.coder.windows(utterances)
        tokens = tokens or (ON_CPU if self._device.type == "cpu" else ELSEWHERE)
        return grouped(sorted(windows, key=lambda window: len(window.ids)), tokens)

    def _batch(self, group: Sequence[Window]) -> dict[str, Tensor]:
        return {k: part.to(self._device) for k, part in collate(group, self.coder.pad).items()}

    def _autocast(self) -> Any:
        low = self.dtype == "bfloat16"
        return torch.autocast(self._device.type, torch.bfloat16, enabled=low)

    @property
    def _device(self) -> torch.device:
        return self.network.centre.device

    def save(self, out: Path) -> None:
        """Write the encoder with its tokenizer, the heads and the settings."""
        from safetensors.torch import save_file

        network = self.network.to("cpu")
        encoder = network.encoder
        if hasattr(encoder, "merge_and_unload"):  # adapters become part of the weights
            encoder = encoder.merge_and_unload()
        save_safetensors(encoder, out)
        self.tokenizer.save_pretrained(out)
        save_file(network.heads(), out / HEADS)
        shape = self.shape
        settings: dict[str, Any] = {"intents": list(shape.intents), "slots": list(shape.slots)}
        settings |= {"pooling": shape.pooling, "words": shape.words, "crf": shape.crf}
        settings |= {"length": self.length, "dtype": self.dtype}
        settings |= {"keys": shape.keys} if shape.keys else {}
        settings |= {"own": shape.own} if shape.own is not None else {}
        settings |= {"again": shape.again} if shape.again else {}
        write_whole(out / SETTINGS, canonical_json(settings) + "\n")


def valid(tags: Sequence[str]) -> tuple[str, ...]:
    """Tags of windows put together: an I- at a window's edge that continues nothing becomes B-."""
    found: list[str] = []
    for tag in tags:
        before = found[-1] if found else OUTSIDE
        begins = tag.startswith("I-") and before[2:] != tag[2:]
        found.append(f"B-{tag[2:]}" if begins else tag)
    return tuple(found)


def collate(
    windows: Sequence[Window],
    pad: int,
    intents: Sequence[int] | None = None,
    tags: Sequence[Sequence[int]] | None = None,
) -> dict[str, Tensor]:
    """input_ids, attention_mask and words, (B, T) each; with labels also intents (B,), tags (B, W).

    Args:
        intents, tags: of all utterances; those of these windows are taken. A window that is not
            an utterance's first has no intent, a word without a piece no tag: IGNORED.
    """
    longest = max(len(window.ids) for window in windows)
    ids = np.full((len(windows), longest), pad, np.int64)
    mask, words = np.zeros_like(ids), np.full_like(ids, NO_PIECE)
    for row, window in enumerate(windows):
        ids[row, : len(window.ids)] = window.ids
        mask[row, : len(window.ids)] = 1
        words[row, : len(window.ids)] = owners(window)
    batch = {"input_ids": ids, "attention_mask": mask, "words": words}
    if intents is not None and tags is not None:
        number = max(1, int(words.max()) + 1)
        labels = np.full((len(windows), number), IGNORED, np.int64)
        for row, window in enumerate(windows):
            for word, place in enumerate(window.firsts[:number]):
                if place != NO_PIECE:
                    labels[row, word] = tags[window.sentence][window.word + word]
        first = [intents[w.sentence] if w.word == 0 else IGNORED for w in windows]
        batch |= {"intents": np.array(first, np.int64), "tags": labels}
    return {name: torch.from_numpy(part) for name, part in batch.items()}


def owners(window: Window) -> list[int]:
    """For each piece of a window the number of its word in the window, -1 for marks around it.

    >>> owners(Window(0, 0, (0, 7, 8, 9, 2), (1, 3)))
    [-1, 0, 0, 1, -1]
    >>> owners(Window(0, 0, (0, 2), (NO_PIECE,)))  # a word that the tokenizer takes away
    [-1, -1]
    """
    found = [NO_PIECE] * len(window.ids)
    placed = [(place, word) for word, place in enumerate(window.firsts) if place != NO_PIECE]
    ends = [place for place, _ in placed[1:]] + [len(window.ids) - 1] * bool(placed)
    for (place, word), end in zip(placed, ends, strict=True):
        found[place : max(end, place + 1)] = [word] * max(end - place, 1)
    return found


def batches_of(
    windows: Sequence[Window],
    tokens: int,
    pad: int,
    intents: Sequence[int],
    tags: Sequence[Sequence[int]],
    seed: int,
    beside: Callable[[Sequence[Window], int], dict[str, Tensor]] | None = None,
) -> list[Mapping[str, Tensor]]:
    """Batches to train on, each of at most `tokens` pieces with padding; utterances are mixed.

    Args:
        beside: more tensors of a batch's windows, whose longest has so many words.
    """
    order = list(range(len(windows)))
    stream(seed, "utterances").shuffle(order)
    mean = sum(len(window.ids) for window in windows) / len(windows)
    size = max(1, round(POOL * tokens / mean))
    found: list[Mapping[str, Tensor]] = []
    for start in range(0, len(order), size):
        chosen = [windows[number] for number in order[start : start + size]]
        chosen.sort(key=lambda window: len(window.ids))
        for group in grouped(chosen, tokens):
            batch = collate(group, pad, intents, tags)
            found.append(batch | beside(group, batch["tags"].shape[1]) if beside else batch)
    return found


def open_nlu(
    base: Model, shape: Shape, *, length: int, seed: int, lora: int | None = None
) -> NluModel:
    """The encoder of a model with new heads; the same seed gives the same.

    Args:
        lora: the rank of adapters beside its layers, which alone are then trained.

    Raises:
        InputError: a model that does not open, has no tokenizer or lacks weights.
        UnavailableError: transformers or peft is not installed.
    """
    tokenizer = open_fast_tokenizer(base.folder)
    encoder, missing = open_weights(
        base.folder, "AutoModel", f"{base.name}: cannot be opened as an encoder"
    )
    check_whole(missing, base.folder)
    encoder = encoder.get_encoder() if encoder.config.is_encoder_decoder else encoder
    check_ids(encoder, len(tokenizer) - 1, base.folder)
    with seeded(seed):
        if lora:
            encoder = with_low_rank_adapters(
                encoder, r=lora, lora_alpha=2 * lora, lora_dropout=0.05, target_modules="all-linear"
            )
        network = Network(encoder, shape)
    longest = getattr(encoder.config, "max_position_embeddings", None) or length
    return NluModel(network, tokenizer, min(length, longest))


def load_nlu(name: str, *, dtype: str | None = None, access: Access = Access()) -> NluModel:
    """A model that was trained: a run's folder, or its model/.

    Raises:
        InputError: no such model, one of another kind, or a damaged one.
        UnavailableError: it cannot be had; transformers is not installed.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    base = resolve_model(name, access)
    if not (base.folder / SETTINGS).is_file():
        raise InputError(
            f"{name}: no model of intents and slots, it has no {SETTINGS}; name a run of nlu.train"
        )
    told = read_json(base.folder / SETTINGS, SHAPE)
    if told.get("text"):
        raise InputError(
            f"{name}: writes its answers as text; nlu.predict, nlu.evaluate and nlu.submit take it,"
            " here one with heads is needed"
        )
    shape = Shape(
        tuple(told["intents"]),
        tuple(told["slots"]),
        told["pooling"],
        told["words"],
        told["crf"],
        told.get("keys", 0),
        told.get("own"),
        told.get("again", 0.0),
    )
    if not shape.again <= 0:
        raise InputError(
            f"{base.folder / SETTINGS}: expected a logarithm of at most 0 under again, found"
            f" {shape.again}; get the model again"
        )
    if not 0 <= shape.keys <= MOST_KEYS:
        raise InputError(
            f"{base.folder / SETTINGS}: expected 0 to {MOST_KEYS:,} keys, found {shape.keys:,};"
            " get the model again"
        )
    model = open_nlu(base, shape, length=told["length"], seed=0)
    try:
        found = model.network.load_state_dict(load_file(base.folder / HEADS), strict=False)
        if missing := sorted({*found.missing_keys} & {*model.network.heads()}):
            raise RuntimeError(f"lacks {missing[0]}")
    except (OSError, SafetensorError, RuntimeError) as error:
        raise InputError(
            f"{base.folder / HEADS}: expected the weights of {len(shape.intents)} intents and"
            f" {len(shape.slots)} slots, found something else; get the model again"
        ) from error
    return NluModel(model.network, model.tokenizer, told["length"], dtype or told["dtype"])
