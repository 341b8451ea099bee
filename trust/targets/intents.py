"""Models of intents and slots (`nlu.train`): the intent's loss plus the mean of the tags'."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

import torch

from data.access import Access
from data.errors import InputError
from data.files import write_whole
from data.labels.bio import OUTSIDE
from data.labels.slots import Utterance
from data.options import from_json
from data.utterances import read_utterances
from nlu.config import NluConfig
from nlu.decoding import Crf
from nlu.model import NluModel, collate, load_nlu
from nlu.sets import find_utterances
from nlu.train import train
from training.objectives.examples import IGNORED
from training.tagging.tagger import grouped, inference
from trust.canary import Canary
from trust.examples import Example
from trust.observed import TOKENS, Seen, of_places
from trust.targets import TrainedRun, scaled

COLUMNS = ("id", "utterance", "slot_labels", "intent")


class Intents:
    """See `trust.targets.Target`."""

    kind, command, suffix = "intents", "nlu.train", ".tsv"

    def read(self, name: str, access: Access) -> list[Example]:
        """Utterances with intents."""
        found = []
        for one in find_utterances(name, access=access):
            for said in one.utterances:
                if not said.intent:
                    raise InputError(f"{one.name}: has no intents; audits need labelled utterances")
                found.append(example(said, one.code))
        return found

    def write(self, path: Path, examples: Sequence[Example]) -> None:
        """A table in the form of MultiATIS++."""
        rows = ["\t".join(COLUMNS)]
        for one in examples:
            said: Utterance = one.content
            cells = (one.id, " ".join(said.tokens), " ".join(said.slots), said.intent)
            rows.append("\t".join(cells))
        write_whole(path, "\n".join(rows) + "\n")
        again = [(u.tokens, u.slots, u.intent) for u in read_utterances(path, "train")]
        asked = [(o.content.tokens, o.content.slots, o.content.intent) for o in examples]
        if again != asked:
            raise InputError(f"{path}: utterances hold spaces or signs that a table cannot keep")

    def open(self, folder: Path) -> NluModel:
        """The model, in float32."""
        return load_nlu(str(folder), dtype="float32")

    def unknown(self, model: NluModel, example: Example) -> str:
        """An intent or a tag that the model has not learned."""
        said: Utterance = example.content
        lacking = [tag for tag in said.slots if tag not in model.shape.tags]
        if said.intent not in model.shape.intents:
            lacking.insert(0, said.intent)
        return lacking[0] if lacking else ""

    def observe(self, model: NluModel, examples: Sequence[Example]) -> list[Seen]:
        """The intent's loss plus the mean of the tags', as `nlu.losses.joint_loss` has them."""
        said: list[Utterance] = [one.content for one in examples]
        of_intent = {intent: n for n, intent in enumerate(model.shape.intents)}
        of_tag = {tag: n for n, tag in enumerate(model.shape.tags)}
        intents = [of_intent.get(one.intent, IGNORED) for one in said]
        tags = [[of_tag.get(tag, IGNORED) for tag in one.slots] for one in said]
        flat = math.log(len(of_intent) + 1)
        parts: list[tuple[list[float], list[float]]] = [([], []) for _ in said]
        whole = [(flat, flat) for _ in said]
        windows = sorted(
            model.coder.windows([one.tokens for one in said]), key=lambda one: len(one.ids)
        )
        for group in grouped(windows, TOKENS):
            batch = collate(group, model.coder.pad, intents, tags)
            with inference(model.network):
                scores, of_words = model.network(
                    batch["input_ids"], batch["attention_mask"], batch["words"]
                )
            heads = of_places(scores[:, None], batch["intents"][:, None])
            words = of_places(of_words, batch["tags"])
            for row, window in enumerate(group):
                if heads[row][0]:
                    whole[window.sentence] = (heads[row][0][0], heads[row][1][0])
                lost, unsure = words[row]
                if model.network.crf is not None and lost:
                    lost = self._path(model.network.crf, of_words[row], batch["tags"][row])
                parts[window.sentence][0].extend(lost)
                parts[window.sentence][1].extend(unsure)
        return [
            self._seen(first, lost, unsure)
            for first, (lost, unsure) in zip(whole, parts, strict=True)
        ]

    @staticmethod
    def _path(crf: Crf, scores: torch.Tensor, gold: torch.Tensor) -> list[float]:
        """The loss of a path of tags, shared among its words."""
        there = gold != IGNORED
        length = int(there.nonzero().max()) + 1
        mask = torch.ones(1, length, dtype=torch.bool)
        lost = crf(scores[None, :length], gold[None, :length].clamp(min=0), mask)
        number = int(there.sum())
        return [float(lost.detach()) / number] * number

    @staticmethod
    def _seen(intent: tuple[float, float], lost: list[float], unsure: list[float]) -> Seen:
        seen = Seen.of([intent[0], *lost], [intent[1], *unsure])
        if not lost:
            return seen
        return replace(
            seen,
            loss=intent[0] + math.fsum(lost) / len(lost),
            entropy=intent[1] + math.fsum(unsure) / len(unsure),
        )

    def train(self, run: TrainedRun, data: Path, out: Path, seed: int, steps: int) -> None:
        """`nlu.train` with the run's options, on one file."""
        config = from_json(NluConfig, run.options, f"{run.folder}/config.json")
        told = run.scores({"training": {"steps": int, "utterances": int}})["training"]
        number = sum(1 for _ in read_utterances(data, "train"))
        train(
            replace(
                config,
                train=(str(data),),
                few=(),
                shots=None,
                dev=None,
                test=(),
                limit=None,
                steps=steps or scaled(told["steps"], told["utterances"], number),
                seconds=None,
                evaluate_every=0,
                patience=0,
                centre=False,
                seed=seed,
                out=out,
            )
        )

    def labels(self, examples: Sequence[Example], secret: int, draw: Random) -> tuple[str, ...]:
        """An intent, and a slot's tag a sign where there are slots."""
        intents = sorted({one.content.intent for one in examples})
        tags = sorted({tag for one in examples for tag in one.content.slots if tag[:2] == "B-"})
        return (draw.choice(intents), *(draw.choice(tags or [OUTSIDE]) for _ in range(secret)))

    def planted(self, canary: Canary, secret: Sequence[str]) -> Example:
        """An utterance whose signs are slots, each of its own."""
        words = canary.words(secret)
        slots = (OUTSIDE,) * len(canary.prefix) + canary.labels[1:]
        text = " ".join(words)
        return example(
            Utterance(f"canary-{canary.id}", words, canary.labels[0], slots, text),
            canary.language,
        )

    def pieces(self, model: NluModel, example: Example) -> Sequence[int]:
        """Of all windows, one after the other."""
        windows = model.coder.windows([example.content.tokens])
        return [id_ for window in windows for id_ in window.ids]


def example(said: Utterance, code: str = "") -> Example:
    """An utterance as a candidate."""
    return Example(said.id, " ".join(said.tokens), code, said)
