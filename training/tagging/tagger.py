"""The tagger: an encoder with a layer on top that scores every label at every piece.

tagger = open_tagger(config, ("NOUN", "VERB"))          # from an encoder, or random weights
tagger = load_tagger(Path("runs/tag-1f2e"))             # one that was trained
tagger.tag([("Mbwa", "analala")])                       # [["NOUN", "VERB"]]

A sentence is encoded as its words with spaces between, so that a word has the pieces that it has
in running text, and its first piece carries its label. A sentence longer than the model sees is cut
between words into windows. A word of which the tokenizer leaves nothing has no piece, and is not
scored in training.

    coder = Coder(tokenizer, length=128)
    windows = coder.windows([("Mbwa", "analala")])
    windows[0].ids, windows[0].firsts               # [<s>, ▁M, bwa, ▁ana, lala, </s>], [1, 3]
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from data.access import Access
from data.errors import InputError
from data.randomness import stream
from models.resolve import Model, resolve_model
from models.tokenizer import open_fast_tokenizer
from models.weights import check_ids, check_whole, open_weights, random_model
from training.architectures import SpecialIds, named, seeded
from training.objectives.examples import IGNORED, Special
from training.tagging.config import TagConfig
from training.tagging.dictionary import Dictionary
from training.tokenizer.special import framed, literal_backend

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor


NO_PIECE = -1
POOL = 32  # batches whose sentences are sorted by length together: little padding, mixed batches


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of a sentence that a model sees at once.

    Attributes:
        sentence: number of the sentence, from 0.
        word: number of its first word in the sentence.
        ids: pieces with what the tokenizer puts around a text, at most `length`.
        firsts: for each word the place of its first piece in `ids`; NO_PIECE if it has none.
    """

    sentence: int
    word: int
    ids: tuple[int, ...]
    firsts: tuple[int, ...]


class Coder:
    """Cuts sentences into windows of pieces."""

    def __init__(self, tokenizer: Any, length: int) -> None:
        special = Special.of(tokenizer)
        self._backend = literal_backend(tokenizer)
        self._start, self._end, self.pad = special.start, special.end, special.pad
        self._most = length - len(special.start) - len(special.end)

    def windows(self, sentences: Sequence[Sequence[str]]) -> list[Window]:
        """The windows of sentences of words, in order."""
        texts = [" ".join(words) for words in sentences]
        encodings = self._backend.encode_batch(texts, add_special_tokens=False)
        return [
            window
            for number, (words, encoding) in enumerate(zip(sentences, encodings, strict=True))
            for window in self._cut(number, encoding.ids, first_pieces(words, encoding))
        ]

    def _cut(self, sentence: int, ids: list[int], firsts: list[int]) -> Iterator[Window]:
        word = 0
        while word < len(firsts):
            stop = self._last_word(ids, firsts, word)
            begin, end = _span(firsts, word, stop, len(ids))
            inside = ids[begin : min(end, begin + self._most)]  # a word of its own may be longer
            shift = len(self._start) - begin
            places = tuple(f if f == NO_PIECE else f + shift for f in firsts[word:stop])
            yield Window(sentence, word, (*self._start, *inside, *self._end), places)
            word = stop

    def _last_word(self, ids: list[int], firsts: list[int], word: int) -> int:
        """The end of the longest stretch of words from `word` on that fits, at least one."""
        stop = word + 1
        while stop < len(firsts):
            begin, end = _span(firsts, word, stop + 1, len(ids))
            if end - begin > self._most:
                break
            stop += 1
        return stop


def first_pieces(words: Sequence[str], encoding: Any) -> list[int]:
    """For each word the piece that holds its first character, or the next that any piece holds."""
    firsts, at = [], 0
    for word in words:
        held = (encoding.char_to_token(place) for place in range(at, at + len(word)))
        firsts.append(next((piece for piece in held if piece is not None), NO_PIECE))
        at += len(word) + 1
    return firsts


def labels_of(window: Window, tags: Sequence[int]) -> list[int]:
    """A label a piece: that of the word on its first piece, IGNORED elsewhere."""
    labels = [IGNORED] * len(window.ids)
    for place, tag in zip(window.firsts, tags[window.word :], strict=False):
        if place != NO_PIECE:
            labels[place] = tag
    return labels


def batches_of(
    windows: Sequence[Window], tokens: int, pad: int, tags: Sequence[Sequence[int]], seed: int
) -> list[Mapping[str, Tensor]]:
    """Batches to train on, each of at most `tokens` pieces with padding; sentences are mixed.

    Args:
        tags: for each sentence the numbers of its words' labels.

    Raises:
        InputError: no window.
    """
    return [collate(group, pad, tags) for group in mixed(windows, tokens, seed)]


def mixed(windows: Sequence[Window], tokens: int, seed: int) -> list[list[Window]]:
    """The windows of each batch.

    Raises:
        InputError: no window.
    """
    if not windows:
        raise InputError("training data: expected sentences, found none")
    order = list(range(len(windows)))
    stream(seed, "sentences").shuffle(order)
    mean = sum(len(window.ids) for window in windows) / len(windows)
    pool = max(1, round(POOL * tokens / mean))
    found: list[list[Window]] = []
    for start in range(0, len(order), pool):
        chosen = sorted((windows[n] for n in order[start : start + pool]), key=_length)
        found += grouped(chosen, tokens)
    return found


def grouped(windows: Sequence[Window], tokens: int) -> Iterator[list[Window]]:
    """Windows sorted by length, as many together as stay within `tokens` with padding."""
    group: list[Window] = []
    for window in windows:
        if group and len(window.ids) * (len(group) + 1) > tokens:
            yield group
            group = []
        group.append(window)
    if group:
        yield group


def collate(
    windows: Sequence[Window], pad: int, tags: Sequence[Sequence[int]] | None = None
) -> dict[str, Tensor]:
    """input_ids and attention_mask, (B, T) each, with `tags` also labels (B, T)."""
    import torch

    longest = max(len(window.ids) for window in windows)
    ids = np.full((len(windows), longest), pad, dtype=np.int64)
    mask = np.zeros_like(ids)
    labels = np.full_like(ids, IGNORED)
    for row, window in enumerate(windows):
        ids[row, : len(window.ids)] = window.ids
        mask[row, : len(window.ids)] = 1
        if tags is not None:
            labels[row, : len(window.ids)] = labels_of(window, tags[window.sentence])
    batch = {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask)}
    return batch | ({"labels": torch.from_numpy(labels)} if tags is not None else {})


def _span(firsts: Sequence[int], word: int, stop: int, size: int) -> tuple[int, int]:
    """Where the pieces of the words from `word` to before `stop` begin and end."""
    begins = (place for place in firsts[word:stop] if place != NO_PIECE)
    ends = (place for place in firsts[stop:] if place != NO_PIECE)
    end = next(ends, size)
    return (0 if word == 0 else next(begins, end)), end


def _length(window: Window) -> int:
    return len(window.ids)


HEAD = "classifier"
FALLBACK = "fallback_label"  # in the model's configuration: the label of words without a piece


@dataclass(frozen=True)
class Tagger:
    """A token classifier with its tokenizer and labels.

    Attributes:
        labels: by the number that the model has for them.
        fallback: the label of a word of which the tokenizer leaves nothing.
        fresh: names of weights that began at random.
        dictionary: what labels words have elsewhere, counted beside the model; None for none.
        dtype: of the multiplications in `tag`: "float32", or "bfloat16", which is twice as quick
            where the device is made for it.
    """

    model: Any
    tokenizer: Any
    labels: tuple[str, ...]
    fallback: str
    length: int = 128
    fresh: tuple[str, ...] = ()
    dictionary: Dictionary | None = None
    dtype: str = "float32"

    @cached_property
    def coder(self) -> Coder:
        """What cuts sentences into windows."""
        return Coder(self.tokenizer, self.length)

    def tag(self, sentences: Sequence[Sequence[str]], tokens: int = 4096) -> list[list[str]]:
        """The best label of every word.

        Args:
            sentences: words.
            tokens: pieces at once, padding included.
        """
        import torch

        found = [[self.fallback] * len(words) for words in sentences]
        windows = sorted(self.coder.windows(sentences), key=lambda window: len(window.ids))
        device = next(self.model.parameters()).device
        low = torch.autocast(device.type, torch.bfloat16, enabled=self.dtype == "bfloat16")
        with inference(self.model), low:
            for group in grouped(windows, tokens):
                batch = {name: part.to(device) for name, part in collate(group, self._pad).items()}
                logits = self.model(**batch).logits.float()
                scores = torch.log_softmax(logits, dim=-1).cpu().numpy()
                for window, rows in zip(group, scores, strict=True):
                    for word, place in enumerate(window.firsts, window.word):
                        if place != NO_PIECE:
                            best = self._best(rows[place], sentences[window.sentence][word])
                            found[window.sentence][word] = best
        return found

    def _best(self, scores: NDArray[np.float32], word: str) -> str:
        """The label with the highest score, (labels,), the dictionary's added to the model's."""
        known = self.dictionary.scores(word) if self.dictionary else None
        return self.labels[int((scores if known is None else scores + known).argmax())]

    @property
    def _pad(self) -> int:
        return self.coder.pad


@contextmanager
def inference(model: Any) -> Iterator[None]:
    """No gradients and no dropout inside; afterwards the model is in the mode that it was in."""
    import torch

    training = model.training
    model.eval()
    try:
        with torch.inference_mode():
            yield
    finally:
        model.train(training)


def open_tagger(
    config: TagConfig, base: Model | None, labels: Sequence[str], fallback: str
) -> Tagger:
    """The tagger of a run before its first update; the same seed gives the same.

    Args:
        base: the encoder; None for random weights.

    Raises:
        InputError: weights or a tokenizer that cannot be opened, or a tagger of other labels.
        UnavailableError: transformers is not installed.
    """
    folder, tokenizer = _folder(config, base), open_tokenizer(config, base)
    numbered = {
        "id2label": dict(enumerate(labels)),
        "label2id": {t: n for n, t in enumerate(labels)},
    }
    with seeded(config.seed):
        if base is None:
            model, fresh = _random(str(config.config), tokenizer, numbered), ["all"]
        else:
            model, fresh = _pretrained(base.folder, numbered)
    check_ids(model, len(tokenizer) - 1, folder)
    setattr(model.config, FALLBACK, fallback)
    return Tagger(model, tokenizer, tuple(labels), fallback, config.length, tuple(fresh))


def open_tokenizer(config: TagConfig, base: Model | None) -> Any:
    """The tokenizer of a run: the encoder's, or for random weights that of --tokenizer.

    Raises:
        InputError: it cannot be opened.
    """
    tokenizer = open_fast_tokenizer(_folder(config, base))
    return tokenizer if base else framed(tokenizer, "encoder")


def _folder(config: TagConfig, base: Model | None) -> Path:
    return base.folder if base else Path(str(config.tokenizer))


def load_tagger(name: str, length: int = 128, *, access: Access = Access()) -> Tagger:
    """A tagger that was trained: a run's folder, its model/, or a hub id.

    Raises:
        InputError: no such model, or one that is no tagger.
        UnavailableError: it cannot be had; transformers is not installed.
    """
    folder = resolve_model(name, access).folder
    tokenizer = open_fast_tokenizer(folder)
    model, fresh = _pretrained(folder, {})
    if any(HEAD in weight for weight in fresh):
        raise InputError(
            f"{name}: not a tagger, its last layer is missing; name a run of training.tag"
        )
    check_ids(model, len(tokenizer) - 1, name)
    labels = tuple(str(model.config.id2label[number]) for number in range(model.config.num_labels))
    fallback = str(getattr(model.config, FALLBACK, labels[0]))
    known = Dictionary.load(folder, labels)
    return Tagger(model, tokenizer, labels, fallback, length, dictionary=known)


def _random(name: str, tokenizer: Any, numbered: dict[str, Any]) -> Any:
    family, size = named(name)
    if family.architecture == "encoder-decoder":
        raise InputError(f"--config {name}: expected an encoder such as encoder-tiny")
    ids = SpecialIds(*(_special(tokenizer, role) for role in ("pad", "bos", "eos")))
    settings = family.config(size, ids, len(tokenizer))
    settings.update({**numbered, "num_labels": len(numbered["id2label"])})
    return random_model("AutoModelForTokenClassification", settings)


def _special(tokenizer: Any, role: str) -> int:
    number = getattr(tokenizer, f"{role}_token_id")
    if number is None:
        raise InputError(f"the tokenizer has no {role} token; train one: training.tokenizer train")
    return int(number)


def _pretrained(folder: Path, numbered: dict[str, Any]) -> tuple[Any, list[str]]:
    """The model of a folder, and the names of weights that it lacks."""
    counted: dict[str, Any] = {"num_labels": len(numbered["id2label"])} if numbered else {}
    model, missing = open_weights(
        folder,
        "AutoModelForTokenClassification",
        "cannot be opened as a tagger",
        "; give the encoder that training.pretrain wrote",
        **counted,
        **numbered,
    )
    check_whole(missing, folder, f"{model.base_model_prefix}.")  # the layer on top may be new
    return model, missing
