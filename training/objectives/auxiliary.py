"""Auxiliary objectives: a head with a loss of its own, beside what a model is trained for.

    weights = parse_auxiliary("adversarial:0.1,contrastive")    # as --auxiliary has them
    head = AUXILIARIES["adversarial"].make(Setting(languages=("sw", "am"), width=384))
    outcome = head(states, batch)                               # an `Outcome`

Each reads the encoder's last layer, on batches of its own: of texts in several languages, or of
pairs of translations. Its loss, a mean, is added to that of the main objective times its weight.
Heads are trained with the model and stay in the checkpoints; the model that is saved has none.

- `adversarial`: a head tells the languages, and its gradient is turned round, so that the encoder
  makes that hard (Ganin et al. 2016, https://jmlr.org/papers/v17/15-239.html)
- `cooperative`: the same head, and the encoder makes it easy (Adams et al. 2019,
  https://aclanthology.org/N19-1009)
- `means`: the languages' mean vectors become one (Gretton et al. 2012,
  https://jmlr.org/papers/v13/gretton12a.html); no head
- `fisher`: the same, measured by how sentences spread within a language (Fisher 1936); no head
- `phonemes`: at each word's first piece, how the word is said (`training.objectives.phonemes`)
- `contrastive`: of the translations in a batch the right one is nearest (InfoNCE, van den Oord et
  al. 2018, https://arxiv.org/abs/1807.03748); no head
- `distillation`: a text and its translation both get the vector that the model had for the text
  before (Reimers and Gurevych 2020, https://aclanthology.org/2020.emnlp-main.365); no head

A new one is a class and a row (docs/CONTRIBUTING.md).

>>> parse_auxiliary("adversarial:0.1,contrastive")
{'adversarial': 0.1, 'contrastive': 1.0}
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from data.cli import did_you_mean
from data.errors import InputError
from training.objectives import parse_share

if TYPE_CHECKING:
    from torch import Tensor, nn

    from training.objectives.examples import Special

__all__ = [
    "AUXILIARIES",
    "PAIRS",
    "TEXTS",
    "Auxiliary",
    "Outcome",
    "Setting",
    "auxiliary",
    "parse_auxiliary",
    "register_auxiliary",
]

TEXTS: Literal["texts"] = "texts"
PAIRS: Literal["pairs"] = "pairs"
Reads = Literal["texts", "pairs"]


class Outcome(NamedTuple):
    """What a head made of a batch.

    Attributes:
        total, scored: the loss (nats) summed over what was scored, and how much that is.
        right: how much of it was answered right; None where there are no answers.
    """

    total: Tensor
    scored: Tensor
    right: Tensor | None


@dataclass(frozen=True, slots=True)
class Setting:
    """What a head is made for.

    Attributes:
        languages: of the corpora that texts are drawn from, in their order, one for each corpus.
        width: of the states.
        special: of the tokenizer, by which words are told from pieces.
        quickness: how many times faster than the model a head learns.
        ramp: updates until a gradient that is turned round has its full strength.
        temperature: of the cosines of the contrastive loss.
    """

    languages: tuple[str, ...] = ()
    width: int = 0
    special: Special | None = None
    quickness: float = 1.0
    ramp: int = 100
    temperature: float = 0.05


@dataclass(frozen=True, slots=True)
class Auxiliary:
    """A row of the registry.

    Attributes:
        reads: which batches it takes. Of texts: input_ids and attention_mask (B, T), corpus (B,)
            and step (). Of pairs: input_ids and attention_mask (2 B, T), sources before targets,
            and source, target (B,), numbers that equal texts share; goal (B, D) where asked for.
        make: from a setting to a module, called as `module(states, batch)` with the states of the
            last layer, (B or 2 B, T, D); it returns an `Outcome`.
        goals: of pairs, whether the batch has the vectors, of length 1, that the model had for the
            sources before it was trained.
    """

    reads: Reads
    make: Callable[[Setting], nn.Module]
    goals: bool = False


def _later(module: str, name: str, *arguments: Any) -> Callable[[Setting], nn.Module]:
    """Makes the class of a module that imports torch, when it is asked to."""

    def make(setting: Setting) -> nn.Module:
        made: nn.Module = getattr(import_module(module), name)(setting, *arguments)
        return made

    return make


HEADS = "training.objectives.heads"
AUXILIARIES: dict[str, Auxiliary] = {
    "adversarial": Auxiliary(TEXTS, _later(HEADS, "LanguageHead", True)),
    "cooperative": Auxiliary(TEXTS, _later(HEADS, "LanguageHead", False)),
    "means": Auxiliary(TEXTS, _later(HEADS, "Means")),
    "fisher": Auxiliary(TEXTS, _later(HEADS, "Fisher")),
    "phonemes": Auxiliary(TEXTS, _later("training.objectives.phonemes", "PhonemeHead")),
    "contrastive": Auxiliary(PAIRS, _later(HEADS, "Contrastive")),
    "distillation": Auxiliary(PAIRS, _later(HEADS, "Distillation"), goals=True),
}


def register_auxiliary(
    name: str, reads: Reads, make: Callable[[Setting], nn.Module], *, goals: bool = False
) -> None:
    """Add an auxiliary objective: `--auxiliary` knows it from then on.

    docs/CONTRIBUTING.md adds one step by step. The arguments are those of `Auxiliary`.

    Raises:
        ValueError: there is one of that name.
    """
    if name in AUXILIARIES:
        raise ValueError(f'auxiliary objective: there is a "{name}" already; use another name')
    AUXILIARIES[name] = Auxiliary(reads, make, goals)


def auxiliary(name: str) -> Auxiliary:
    """The row of a name that `parse_auxiliary` let pass."""
    return AUXILIARIES[name]


def parse_auxiliary(text: str | None) -> dict[str, float]:
    """Names of auxiliary objectives with their weights, 1 where none is given.

    Raises:
        InputError: an unknown name, one that stands twice, a weight that is not above 0.
    """
    weights: dict[str, float] = {}
    for part in text.split(",") if text else ():
        name, weight = parse_share(part, "--auxiliary")
        if name not in AUXILIARIES:
            known = ", ".join(AUXILIARIES)
            near = did_you_mean(name, list(AUXILIARIES))
            raise InputError(f'--auxiliary "{name}": expected one of {known}{near}')
        if name in weights:
            raise InputError(f'--auxiliary "{name}" stands twice; give it once, with one weight')
        weights[name] = weight
    if {"adversarial", "cooperative"} <= set(weights):
        raise InputError("--auxiliary: adversarial and cooperative undo each other; choose one")
    return weights
