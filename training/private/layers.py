"""The layers whose gradients can be taken sample by sample, and in which form each has them.

A weight's gradient for a unit (a sentence, a speaker) is a sum over the places where the unit
passed the layer. It is never put together to learn its length; three forms cover all layers:

| form | gradient of a unit | layers |
| --- | --- | --- |
| `Outer` | sum of outer products g aᵀ of what came out and what went in | Linear, Conv1D, Conv1d |
| `Lookup` | rows g, each at the number that was looked up | Embedding |
| `Vector` | a vector, which is small and is put together | biases, LayerNorm, RMSNorm |

Low-rank adapters (LoRA) are Linear layers of their own. A layer that is not in the table is refused
by its name; so is one that mixes samples, such as batch normalisation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from data.errors import InputError


@dataclass(slots=True)
class Outer:
    """Sum of g aᵀ: `right` a (N, I), `left` g (N, O) of N places; the gradient is (O, I)."""

    left: Tensor
    right: Tensor


@dataclass(slots=True)
class Lookup:
    """Rows g (N, D) at the numbers (N,) that were looked up; the gradient is (V, D)."""

    numbers: Tensor
    rows: Tensor


@dataclass(slots=True)
class Vector:
    """A vector (N, P) of each place, or (U, P) of each unit once they are added up."""

    values: Tensor


Form = Outer | Lookup | Vector
Forms = Callable[[nn.Module, Tensor, Tensor], dict[str, Form]]


def _linear(_: nn.Module, inward: Tensor, gradient: Tensor) -> dict[str, Form]:
    return {"weight": Outer(_flat(gradient), _flat(inward)), "bias": Vector(_flat(gradient))}


def _transposed(_: nn.Module, inward: Tensor, gradient: Tensor) -> dict[str, Form]:
    """GPT-2's Conv1D: a Linear whose weight is (I, O)."""
    return {"weight": Outer(_flat(inward), _flat(gradient)), "bias": Vector(_flat(gradient))}


def _conv1d(layer: nn.Module, inward: Tensor, gradient: Tensor) -> dict[str, Form]:
    """A convolution is a Linear of the windows that it sees: (B, C, L) to (B, L', C K)."""
    how: Any = layer
    seen = functional.unfold(
        inward[:, :, None],
        (1, how.kernel_size[0]),
        dilation=(1, how.dilation[0]),
        padding=(0, how.padding[0]),
        stride=(1, how.stride[0]),
    )
    left = _flat(gradient.transpose(1, 2))
    return {"weight": Outer(left, _flat(seen.transpose(1, 2))), "bias": Vector(left)}


def _scaled_embedding(layer: nn.Module, inward: Tensor, gradient: Tensor) -> dict[str, Form]:
    """BART's and M2M's: what is looked up is multiplied with a number."""
    return _embedding(layer, inward, gradient * layer.embed_scale)  # type: ignore[operator]


def _embedding(layer: nn.Module, inward: Tensor, gradient: Tensor) -> dict[str, Form]:
    numbers, rows = inward.reshape(-1), _flat(gradient)
    padding: int | None = layer.padding_idx  # type: ignore[assignment]
    if padding is not None:  # torch leaves that row as it is
        rows = rows * (numbers != padding)[:, None]
    return {"weight": Lookup(numbers, rows)}


def _bart_positions(layer: nn.Module, inward: Tensor, gradient: Tensor) -> dict[str, Form]:
    """BART's: what comes in is the text; looked up are the places in it, from an offset on."""
    places = torch.arange(gradient.shape[-2], device=inward.device) + layer.offset  # type: ignore[operator]
    return _embedding(layer, places.expand(gradient.shape[:-1]), gradient)


def _layer_norm(layer: nn.Module, inward: Tensor, gradient: Tensor) -> dict[str, Form]:
    how: Any = layer
    scaled = functional.layer_norm(inward, how.normalized_shape, eps=how.eps)
    width = how.weight.numel()
    gradient = gradient.reshape(-1, width)
    return {"weight": Vector(gradient * scaled.reshape(-1, width)), "bias": Vector(gradient)}


def _rms_norm(layer: nn.Module, inward: Tensor, gradient: Tensor) -> dict[str, Form]:
    shape, eps = _rms_shape(layer)
    scaled = functional.rms_norm(inward, shape, eps=eps)
    width = layer.weight.numel()  # type: ignore[operator]
    return {"weight": Vector((gradient * scaled).reshape(-1, width))}


def _rms_shape(layer: Any) -> tuple[tuple[int, ...], float | None]:
    eps = getattr(layer, "variance_epsilon", getattr(layer, "eps", None))
    return tuple(layer.weight.shape), eps


def _flat(tensor: Tensor) -> Tensor:
    return tensor.reshape(-1, tensor.shape[-1])


FORMS: dict[type[nn.Module], Forms] = {
    nn.Linear: _linear,
    nn.Embedding: _embedding,
    nn.LayerNorm: _layer_norm,
    nn.RMSNorm: _rms_norm,
    nn.Conv1d: _conv1d,
}
BY_NAME: dict[str, Forms] = {  # of transformers
    "Conv1D": _transposed,
    "T5LayerNorm": _rms_norm,
    "BartLearnedPositionalEmbedding": _bart_positions,
    "BartScaledWordEmbedding": _scaled_embedding,
    "M2M100ScaledWordEmbedding": _scaled_embedding,
}
NAMES = "Linear, Embedding, LayerNorm, RMSNorm, Conv1D, Conv1d and low-rank adapters (LoRA)"


def forms_of(name: str, layer: nn.Module) -> Forms:
    """How the gradients of a layer's own trained weights are taken.

    Args:
        name: of the layer in its model, for the message.

    Raises:
        InputError: a layer of another kind, or one set up so that samples touch one another.

    >>> forms_of("head", nn.Linear(2, 3)) is FORMS[nn.Linear]
    True
    >>> forms_of("rnn", nn.GRU(2, 3))
    Traceback (most recent call last):
    ...
    data.errors.InputError: rnn (GRU): no private gradients for this kind of layer; there are some\
 for Linear, Embedding, LayerNorm, RMSNorm, Conv1D, Conv1d and low-rank adapters (LoRA); freeze it,\
 or leave --dp-epsilon out
    """
    found = _known(layer)
    if found is None:
        raise _refused(name, layer, "no private gradients for this kind of layer")
    _check_settings(name, layer)
    if found is _rms_norm:
        _check_rms(name, layer)
    return found


def is_known(layer: nn.Module) -> bool:
    """Whether the layer is in the table."""
    return _known(layer) is not None


def _known(layer: nn.Module) -> Forms | None:
    kind = type(layer)
    found = FORMS.get(kind) or BY_NAME.get(kind.__name__)
    if found is None and kind.__name__.endswith("RMSNorm"):
        return _rms_norm  # Llama's, Qwen's ...: each library of models has its own
    return found


def mixes_samples(model: nn.Module) -> Iterable[tuple[str, nn.Module]]:
    """Layers through which one sample changes what another becomes, with weights or without."""
    mixing = nn.modules.batchnorm._BatchNorm
    return ((n, layer) for n, layer in model.named_modules() if isinstance(layer, mixing))


def refuse_mixing(model: nn.Module) -> None:
    """Raise `InputError` where a layer mixes samples."""
    for name, layer in mixes_samples(model):
        raise _refused(name, layer, "mixes the samples of a batch")


def _check_settings(name: str, layer: Any) -> None:
    if isinstance(layer, nn.Embedding):
        for setting in ("max_norm", "scale_grad_by_freq", "sparse"):
            if getattr(layer, setting):
                raise _refused(name, layer, f"{setting} is set")
    if isinstance(layer, nn.Conv1d) and (
        layer.groups != 1 or isinstance(layer.padding, str) or layer.padding_mode != "zeros"
    ):
        raise _refused(name, layer, "groups, or padding other than a number of zeros")


def _check_rms(name: str, layer: Any) -> None:
    """Whether a class by that name computes what its name says, with weight w or 1 + w."""
    shape, eps = _rms_shape(layer)
    weight = layer.weight.detach()
    drawn = torch.Generator().manual_seed(0)
    probe = torch.randn(2, *shape, generator=drawn).to(weight)
    with torch.no_grad():
        scaled, given = functional.rms_norm(probe, shape, eps=eps), layer(probe)
    same = any(torch.allclose(given, scaled * w, 1e-3, 1e-4) for w in (weight, 1 + weight))
    if not same:
        raise _refused(name, layer, "is no root mean square normalisation as it is known here")


def _refused(name: str, layer: nn.Module, why: str) -> InputError:
    return InputError(
        f"{name or 'model'} ({type(layer).__name__}): {why}; there are some for {NAMES}; freeze it,"
        " or leave --dp-epsilon out"
        if why.startswith("no private")
        else f"{name or 'model'} ({type(layer).__name__}): {why}, so that no bound holds for one"
        " sample; take a model without it, or leave --dp-epsilon out"
    )
