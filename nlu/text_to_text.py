"""Intents and slots written as text by an encoder-decoder: `alarm_set [time : five]`.

    model = load_parser("runs/nlu-1f2e")
    model.parse([("wake", "me", "at", "five")])

As MASSIVE's mT5 does (FitzGerald et al. 2022, https://arxiv.org/abs/2204.08582): the encoder reads
the utterance, the decoder writes the intent and each slot with its words. What it writes is read
back onto the utterance (`read`), so that its answers are those of any other model. The folder is
the encoder-decoder's own, with nlu.json beside it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from data.access import Access
from data.bounded import read_json
from data.errors import InputError
from data.files import canonical_json, write_whole
from data.labels.bio import OUTSIDE, spans
from data.labels.slots import Utterance
from models.resolve import Model, resolve_model
from models.tokenizer import open_fast_tokenizer
from models.weights import check_ids, check_whole, open_weights, save_safetensors
from nlu.model import ELSEWHERE, SETTINGS, SHAPE, NluModel, Parsed, Shape, load_nlu
from training.objectives.examples import IGNORED, padded
from training.tagging.tagger import Window, grouped, inference

SLOT = re.compile(r"\[([^][:]+) : ([^][]+)\]")


def written(intent: str, slots: Sequence[str], tokens: Sequence[str]) -> str:
    """What the decoder shall write.

    >>> written("alarm_set", ("O", "B-time", "I-time"), ("at", "five", "thirty"))
    'alarm_set [time : five thirty]'
    """
    parts = (f"[{one.label} : {' '.join(tokens[one.start : one.end])}]" for one in spans(slots))
    return " ".join((intent, *parts))


def read(text: str, tokens: Sequence[str], shape: Shape) -> tuple[str, tuple[str, ...]]:
    """The intent and tags that an answer means, whatever was written.

    An intent that there is not counts as the one that is spelt most alike. A slot is where its
    words first stand after the slot before, their spaces and case aside; one that the utterance
    does not hold, or with a label that there is not, is left out.

    >>> shape = Shape(("alarm_set", "weather"), ("time",))
    >>> read("alarmset [time : 5:30] [time : noon] [x : at]", ("at", "5", ":", "30"), shape)
    ('alarm_set', ('O', 'B-time', 'I-time', 'I-time'))
    """
    said = text.partition("[")[0].strip()
    alike = (SequenceMatcher(None, said, intent).ratio() for intent in shape.intents)
    _, intent = max(zip(alike, shape.intents, strict=True), key=lambda pair: pair[0])
    tags, at = [OUTSIDE] * len(tokens), 0
    for label, words in SLOT.findall(text):
        place = _place(_plain(words.split()), tokens, at)
        if label in shape.slots and place:
            start, at = place
            tags[start:at] = [f"B-{label}", *[f"I-{label}"] * (at - start - 1)]
    return intent, tuple(tags)


def _place(wanted: str, tokens: Sequence[str], at: int) -> tuple[int, int] | None:
    for start in range(at, len(tokens)):
        for end in range(start + 1, len(tokens) + 1):
            found = _plain(tokens[start:end])
            if found == wanted:
                return start, end
            if not wanted.startswith(found):
                break
    return None


def _plain(words: Sequence[str]) -> str:
    return "".join(words).casefold()


@dataclass(frozen=True)
class TextCoder:
    """From utterances to ids; nothing is cut into windows: what is too long is cut off."""

    tokenizer: Any
    length: int

    @property
    def pad(self) -> int:
        """The id that fills rows up."""
        return int(self.tokenizer.pad_token_id)

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Of texts, with the marks that the tokenizer sets around them."""
        found: list[list[int]] = []
        if texts:
            found = self.tokenizer(list(texts), truncation=True, max_length=self.length).input_ids
        return found

    def windows(self, utterances: Sequence[Sequence[str]]) -> list[Window]:
        """One an utterance."""
        found = self.ids([" ".join(words) for words in utterances])
        return [Window(number, 0, tuple(ids), ()) for number, ids in enumerate(found)]


@dataclass(frozen=True)
class TextModel:
    """An encoder-decoder with its tokenizer.

    Attributes:
        length: pieces of an utterance and of an answer at most.
    """

    network: Any
    tokenizer: Any
    shape: Shape
    length: int
    dtype: str = "float32"

    @property
    def coder(self) -> TextCoder:
        """What turns utterances into ids."""
        return TextCoder(self.tokenizer, self.length)

    def answers(
        self, utterances: Sequence[Utterance]
    ) -> Callable[[Sequence[Window], int], Mapping[str, Tensor]]:
        """What adds to a batch of these utterances the labels (B, U) that the decoder learns."""
        texts = [written(one.intent, one.slots, one.tokens) for one in utterances]
        ids = self.coder.ids(texts)

        def beside(group: Sequence[Window], _: int) -> Mapping[str, Tensor]:
            rows = [ids[window.sentence] for window in group]
            return {"labels": torch.from_numpy(padded(rows, IGNORED))}  # type: ignore[arg-type]

        return beside

    def parse(
        self,
        utterances: Sequence[Sequence[str]],
        tokens: int | None = None,
        *,
        shift: None = None,  # noqa: ARG002  # as `NluModel.parse` has it
    ) -> list[Parsed]:
        """Intent and slots of utterances, by the likeliest piece each time.

        The confidence is the probability of the whole answer.

        Args:
            tokens: pieces of utterances at once, padding included.
            shift: there is none.
        """
        windows = sorted(self.coder.windows(utterances), key=lambda window: len(window.ids))
        found: dict[int, Parsed] = {}
        for group in grouped(windows, tokens or ELSEWHERE):
            texts, sure = self._write(group)
            for window, text, share in zip(group, texts, sure, strict=True):
                answer = read(text, utterances[window.sentence], self.shape)
                found[window.sentence] = Parsed(*answer, share)
        return [found[number] for number in range(len(utterances))]

    def _write(self, group: Sequence[Window]) -> tuple[list[str], list[float]]:
        ids = padded([window.ids for window in group], self.coder.pad)  # type: ignore[misc]
        lengths = torch.tensor([len(window.ids) for window in group])
        device = self.network.device
        low = self.dtype == "bfloat16"
        with inference(self.network), torch.autocast(device.type, torch.bfloat16, enabled=low):
            done = self.network.generate(
                input_ids=torch.from_numpy(ids).to(device),
                attention_mask=(torch.arange(ids.shape[1]) < lengths[:, None]).long().to(device),
                max_new_tokens=self.length,
                num_beams=1,
                do_sample=False,
                forced_bos_token_id=None,
                forced_eos_token_id=None,
                output_scores=True,
                return_dict_in_generate=True,
            )
            each = self.network.compute_transition_scores(
                done.sequences, done.scores, normalize_logits=True
            )
        scored = done.sequences[:, -each.shape[1] :] != self.coder.pad
        sure = each.float().masked_fill(~scored, 0).sum(dim=1).exp().clamp(max=1).tolist()
        return self.tokenizer.batch_decode(done.sequences, skip_special_tokens=True), sure

    def save(self, out: Path) -> None:
        """Write the encoder-decoder with its tokenizer, and the settings."""
        save_safetensors(self.network.to("cpu"), out)
        self.tokenizer.save_pretrained(out)
        shape = self.shape
        settings: dict[str, Any] = {"intents": list(shape.intents), "slots": list(shape.slots)}
        settings |= {"pooling": shape.pooling, "words": shape.words, "crf": False, "text": True}
        settings |= {"length": self.length, "dtype": self.dtype}
        write_whole(out / SETTINGS, canonical_json(settings) + "\n")


def open_text(base: Model, shape: Shape, *, length: int, dtype: str) -> TextModel:
    """An encoder-decoder that writes answers, or is to learn it.

    Raises:
        InputError: a model that only reads or only writes, does not open or lacks weights.
        UnavailableError: transformers is not installed.
    """
    from training.translation.network import check_sequence

    check_sequence(base.folder, base.name)
    tokenizer = open_fast_tokenizer(base.folder)
    trouble = f"{base.name}: cannot be opened as an encoder-decoder"
    network, missing = open_weights(base.folder, "AutoModelForSeq2SeqLM", trouble)
    check_whole(missing, base.folder)
    check_ids(network, len(tokenizer) - 1, base.folder)
    return TextModel(network, tokenizer, shape, length, dtype)


Parser = NluModel | TextModel  # what tells intents and slots


def load_parser(name: str, *, dtype: str | None = None, access: Access = Access()) -> Parser:
    """A model of either kind that was trained: a run's folder, or its model/.

    Raises:
        InputError: no such model, one of another kind, or a damaged one.
        UnavailableError: it cannot be had; transformers is not installed.
    """
    base = resolve_model(name, access)
    settings = base.folder / SETTINGS
    told = read_json(settings, SHAPE) if settings.is_file() else {}
    if not told.get("text"):
        return load_nlu(name, dtype=dtype, access=access)
    shape = Shape(tuple(told["intents"]), tuple(told["slots"]))
    if not shape.intents:
        raise InputError(f"{settings}: expected intents, found none; get the model again")
    return open_text(base, shape, length=told["length"], dtype=dtype or told["dtype"])
