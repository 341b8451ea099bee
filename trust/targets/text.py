"""Language models (`training.pretrain`): the loss of a text's pieces, under its own objective.

Of a decoder every next piece is predicted once. An encoder sees a text several times, each time
with other pieces hidden; which ones hangs on the text alone, so that all models are asked the same.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from random import Random
from typing import Any

from data.access import Access
from data.bounded import read_json
from data.corpus import find_corpus
from data.files import canonical_json, write_whole
from data.options import from_json
from models.tokenizer import open_fast_tokenizer
from models.weights import check_ids, check_whole, open_weights
from training.objectives import Mix, Special, parse_mix
from training.objectives.examples import IGNORED, collate, generator
from training.objectives.examples import Example as Masked
from training.pretrain import pretrain
from training.pretraining.config import PretrainConfig
from training.tagging.tagger import inference
from training.tokenizer.special import literal_backend
from trust.canary import Canary
from trust.examples import Example
from trust.observed import TOKENS, Seen, of_places
from trust.targets import TrainedRun, scaled

LENGTH = 128  # pieces of a text that are looked at, where its run does not say
VIEWS = 4  # of a text, each with other pieces hidden, that an encoder is asked about


@dataclass(frozen=True)
class TextModel:
    """A language model with its tokenizer.

    Attributes:
        objective: "clm" or "mlm". length: most pieces of a text that are looked at.
    """

    model: Any
    tokenizer: Any
    objective: str
    length: int

    @cached_property
    def backend(self) -> Any:
        """What makes ids of texts."""
        return literal_backend(self.tokenizer)

    @cached_property
    def mix(self) -> Mix:
        """What makes an example of ids, as in training."""
        architecture = "decoder" if self.objective == "clm" else "encoder"
        return parse_mix(self.objective, Special.of(self.tokenizer), architecture, self.length)

    def ids(self, text: str) -> list[int]:
        """The first pieces of a text, as many as are looked at."""
        found: list[int] = self.backend.encode(text, add_special_tokens=False).ids
        return found[: self.mix.longest]

    def views(self, text: str) -> Iterator[Masked]:
        """The text as the model is asked about it; none for a text without a piece."""
        import numpy as np

        ids = np.array(self.ids(text), np.int64)
        for view in range(1 if self.objective == "clm" else VIEWS):
            if len(ids):
                made = self.mix(ids, generator(0, "audit", text, str(view)))
                labels = made.labels
                if self.objective == "clm":  # a place's scores are of the next piece
                    labels = np.append(labels[1:], IGNORED)
                yield Masked(made.input, labels)


class TextTarget:
    """What both kinds share; see `trust.targets.Target`."""

    kind: str
    objective: str
    opens: str
    command, suffix = "training.pretrain", ".jsonl"

    def read(self, name: str, access: Access) -> list[Example]:
        """The documents of a corpus."""
        corpus = find_corpus(name, access=access)
        code = corpus.languages[0] if len(corpus.languages) == 1 else ""
        return [Example(one.id, one.text, code, one.text) for one in corpus.records()]

    def write(self, path: Path, examples: Sequence[Example]) -> None:
        """JSON lines with a text each."""
        lines = (canonical_json({"id": one.id, "text": one.content}) for one in examples)
        write_whole(path, "".join(f"{line}\n" for line in lines))

    def open(self, folder: Path) -> TextModel:
        """The model, in float32; as long a view as its run had."""
        model, missing = open_weights(folder, self.opens, f"cannot be opened as a {self.kind}")
        check_whole(missing, folder)
        tokenizer = open_fast_tokenizer(folder)
        check_ids(model, len(tokenizer) - 1, folder)
        most = getattr(model.config, "max_position_embeddings", None) or LENGTH
        length = LENGTH
        if (folder.parent / "scores.json").is_file() and (folder.parent / "config.json").is_file():
            told = read_json(folder.parent / "config.json", {"options?": dict})
            length = int((told.get("options") or {}).get("length") or LENGTH)
        return TextModel(model, tokenizer, self.objective, min(length, most))

    def unknown(self, model: TextModel, example: Example) -> str:
        """A text of which the tokenizer leaves nothing."""
        return "" if model.ids(example.content) else "a text without a piece"

    def observe(self, model: TextModel, examples: Sequence[Example]) -> list[Seen]:
        """The losses of the pieces that are predicted, over all views of a text."""
        views = [(n, view) for n, one in enumerate(examples) for view in model.views(one.content)]
        parts: list[tuple[list[float], list[float]]] = [([], []) for _ in examples]
        for group in batched(sorted(views, key=lambda pair: len(pair[1].input))):
            batch = collate([view for _, view in group], model.mix.special.pad)
            labels = batch.pop("labels")
            with inference(model.model):
                scores = model.model(**batch).logits
            for (number, _), (lost, unsure) in zip(group, of_places(scores, labels), strict=True):
                parts[number][0].extend(lost)
                parts[number][1].extend(unsure)
        flat = math.log(len(model.tokenizer))
        return [Seen.of(lost or [flat], unsure or [flat]) for lost, unsure in parts]

    def train(self, run: TrainedRun, data: Path, out: Path, seed: int, steps: int) -> None:
        """`training.pretrain` with the run's options and tokenizer, on one file."""
        config = from_json(PretrainConfig, run.options, f"{run.folder}/config.json")
        told = run.scores({"training": {"steps": int}, "data": [dict]})
        trained_on = sum(one["documents"] for one in told["data"])
        number = sum(1 for _ in find_corpus(str(data)).records())
        tokenizer = None if config.model else str(run.folder / "tokenizer")
        pretrain(
            replace(
                config,
                corpora=(str(data),),
                tokenizer=tokenizer,
                steps=steps or scaled(told["training"]["steps"], trained_on, number),
                held_out=0.0,
                keep_out=(),
                limit=None,
                seconds=None,
                evaluate_every=0,
                patience=0,
                seed=seed,
                out=out,
            )
        )

    def labels(self, examples: Sequence[Example], secret: int, draw: Random) -> tuple[str, ...]:  # noqa: ARG002
        """None: the text is what is learned."""
        return ()

    def planted(self, canary: Canary, secret: Sequence[str]) -> Example:
        """A text that ends in the secret."""
        text = " ".join(canary.words(secret))
        return Example(f"canary-{canary.id}", text, canary.language, text)

    def pieces(self, model: TextModel, example: Example) -> Sequence[int]:
        """Without the marks around it."""
        return model.ids(example.content)


class Decoders(TextTarget):
    """Causal language models."""

    kind, objective, opens = "decoder", "clm", "AutoModelForCausalLM"


class Encoders(TextTarget):
    """Masked language models."""

    kind, objective, opens = "encoder", "mlm", "AutoModelForMaskedLM"


def batched(views: Sequence[tuple[int, Masked]]) -> Iterator[list[tuple[int, Masked]]]:
    """Views sorted by length, as many together as stay within TOKENS with padding."""
    group: list[tuple[int, Masked]] = []
    for view in views:
        if group and len(view[1].input) * (len(group) + 1) > TOKENS:
            yield group
            group = []
        group.append(view)
    if group:
        yield group
