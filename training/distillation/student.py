"""The student: some of the teacher's layers, a narrower model, a configuration, or a folder.

    opened = open_student(config, "encoder", "none", teacher_base, access)
    opened.model, opened.tokenizer

Layers are copied as they are, embeddings and head with them (Sanh et al. 2019). A narrower student
begins with the teacher's embeddings along their principal directions, and with the matrices of its
layers turned likewise; of attention and feed-forward networks the first heads and units remain. Its
configuration is the teacher's own with other numbers: whatever opens the one opens the other.

>>> evenly(12, 3), evenly(12, 2)
((3, 7, 11), (5, 11))
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from data.access import Access
from data.errors import InputError
from models.resolve import Model, resolve_model
from models.tokenizer import open_fast_tokenizer
from models.weights import check_ids, open_weights, random_model
from training.architectures import SpecialIds, build, seeded
from training.distillation.config import DistilConfig
from training.objectives import ensure_special
from training.pretraining.model import class_of, new_head, special_ids

DEPTHS = ("num_hidden_layers", "n_layer", "n_layers", "num_layers", "num_decoder_layers",
          "encoder_layers", "decoder_layers")  # fmt: skip
WIDTHS = ("hidden_size", "n_embd", "d_model", "dim")
HEADS = ("num_attention_heads", "num_key_value_heads", "n_head", "n_heads", "num_heads",
         "encoder_attention_heads", "decoder_attention_heads")  # fmt: skip
INNERS = ("intermediate_size", "n_inner", "d_ff", "hidden_dim", "encoder_ffn_dim",
          "decoder_ffn_dim")  # fmt: skip
INTO_HEADS = re.compile(r"(^|\.)(query|key|value|q_proj|k_proj|v_proj|q|k|v|[qkv]_lin)\.")
OUT_OF_HEADS = re.compile(r"(attention\.output\.dense|o_proj|out_proj|out_lin|Attention\.o)\.")


@dataclass(frozen=True)
class Student:
    """A model that can be trained, with its tokenizer, and what is to be said of it."""

    model: Any
    tokenizer: Any
    description: Mapping[str, Any]
    base: Model | None = None


def open_student(
    config: DistilConfig, architecture: str, objective: str, teacher: Model, access: Access
) -> Student:
    """The student that a configuration asks for; the same seed gives the same.

    Raises:
        InputError: a model, tokenizer, layer or width that cannot be.
        UnavailableError: a model or package cannot be had.
    """
    base = None
    with seeded(config.seed):
        if config.is_named:
            folder = Path(config.tokenizer) if config.tokenizer else teacher.folder
            tokenizer = open_fast_tokenizer(folder, access)
            ensure_special(tokenizer, objective, architecture)
            ids: SpecialIds = special_ids(tokenizer)
            model: Any = build(str(config.student), ids, len(tokenizer), config.seed)
            told = str(config.student)
        elif config.student:
            base = find_student(config, access)
            tokenizer = open_fast_tokenizer(base.folder, access)
            model, told = _opened(base, architecture, objective), base.name
        else:
            tokenizer = open_fast_tokenizer(teacher.folder, access)
            whole = _opened(teacher, architecture, objective)
            model, told = smaller(whole, config.layers, config.width, config.inner), teacher.name
    check_ids(model, len(tokenizer) - 1, told)
    return Student(model, tokenizer, _described(model, told, config), base)


def find_student(config: DistilConfig, access: Access) -> Model:
    """The folder that a student's weights come from."""
    try:
        return resolve_model(str(config.student), access)
    except InputError as error:
        raise InputError(str(error).replace("--model", "--student", 1)) from error


def _opened(base: Model, architecture: str, objective: str) -> Any:
    kind = class_of(base.folder, architecture, objective)
    model, missing = open_weights(base.folder, kind, f"{base.name}: cannot be a student")
    new_head(model, missing, base.folder)
    return model


def _described(model: Any, told: str, config: DistilConfig) -> dict[str, Any]:
    return {
        "name": told,
        "class": type(model).__name__,
        "parameters": sum(weight.numel() for weight in model.parameters()),
        "bytes": sum(weight.numel() * weight.element_size() for weight in model.parameters()),
        "layers": config.layers,
        "width": config.width,
        "inner": config.inner,
    }


def evenly(depth: int, number: int) -> tuple[int, ...]:
    """Which of `depth` layers (from 0) are `number` evenly spaced ones, the last among them."""
    return tuple((one + 1) * depth // number - 1 for one in range(number))


def chosen_layers(told: str | None, depth: int) -> tuple[int, ...]:
    """The layers that --layers names; all where it is not given.

    >>> chosen_layers("2", 12), chosen_layers("0,5", 12)
    ((5, 11), (0, 5))

    Raises:
        InputError: a layer that the teacher has not, or more than it has.
    """
    if told is None:
        return tuple(range(depth))
    numbers = [int(one) for one in told.split(",")]
    if len(numbers) == 1:
        if not 1 <= numbers[0] <= depth:
            raise InputError(f"--layers {told}: expected 1 to {depth}, what the teacher has")
        return evenly(depth, numbers[0])
    beyond = [one for one in numbers if one >= depth]
    if beyond:
        raise InputError(
            f"--layers {told}: the teacher has layers 0 to {depth - 1}, found {beyond[0]}"
        )
    return tuple(numbers)


def smaller(
    teacher: Any, layers: str | None, width: int | None = None, inner: int | None = None
) -> Any:
    """A model of the teacher's kind with some of its layers, and narrower ones.

    Raises:
        InputError: what the teacher has not, or a width that its heads do not divide.
    """
    config = copy.deepcopy(teacher.config)
    stacks = _stacks(teacher, config)
    kept = {name: chosen_layers(layers, depth) for name, depth in stacks.items()}
    _set_depth(config, next(iter(kept.values())), next(iter(stacks.values())))
    old_width = int(_first(config, WIDTHS))
    if width:
        _set_width(config, old_width, width)
    if inner or width:
        scaled = {name: getattr(config, name) * (width or old_width) // old_width
                  for name in INNERS if isinstance(getattr(config, name, None), int)}  # fmt: skip
        for name, value in scaled.items():
            if inner and inner > getattr(config, name):
                raise InputError(f"--inner {inner}: the teacher has {getattr(config, name)}")
            setattr(config, name, inner or value)
    model = random_model(_kind(teacher), config)
    directions = _directions(teacher, width) if width else None
    source, found = teacher.state_dict(), {}
    for name, own in model.state_dict().items():
        its = source.get(_its_name(name, kept), source.get(name))  # some only the first layer has
        found[name] = _cut(name, its, own, directions, old_width)
    model.load_state_dict(found)
    model.tie_weights()
    return model.to(next(teacher.parameters()).dtype)


def _kind(model: Any) -> str:
    name = type(model).__name__
    for ending, kind in (("MaskedLM", "AutoModelForMaskedLM"), ("CausalLM", "AutoModelForCausalLM"),
                         ("LMHeadModel", "AutoModelForCausalLM"),
                         ("ConditionalGeneration", "AutoModelForSeq2SeqLM")):  # fmt: skip
        if name.endswith(ending):
            return kind
    return "AutoModel"


def _first(config: Any, names: Sequence[str]) -> Any:
    return next(getattr(config, name) for name in names if getattr(config, name, None))


def _stacks(model: Any, config: Any) -> dict[str, int]:
    """The names of the lists of layers, and how many each has."""
    depths = {getattr(config, name) for name in DEPTHS if getattr(config, name, None)}
    found = {
        name: len(part)
        for name, part in model.named_modules()
        if isinstance(part, nn.ModuleList) and len(part) in depths
    }
    outer = {n: d for n, d in found.items() if not any(n.startswith(f"{o}.") for o in found)}
    if not outer:
        raise InputError(f"{type(model).__name__}: expected a stack of layers, found none; give"
                         " --student")  # fmt: skip
    return outer


def _set_depth(config: Any, kept: Sequence[int], depth: int) -> None:
    for name in {*DEPTHS} & {*vars(config)}:
        setattr(config, name, len(kept))
    for name, value in list(vars(config).items()):
        if isinstance(value, list) and len(value) == depth:  # what each layer is, such as its kind
            setattr(config, name, [value[one] for one in kept])


def _set_width(config: Any, old: int, new: int) -> None:
    size = getattr(config, "head_dim", None) or getattr(config, "d_kv", None)
    heads = int(_first(config, HEADS))
    size = int(size or old // heads)
    if new > old or new % size:
        raise InputError(
            f"--width {new}: expected a multiple of {size} (the width of a head) up to {old}"
        )
    for name in {*WIDTHS} & {*vars(config)}:
        setattr(config, name, new)
    for name in HEADS:
        value = getattr(config, name, None)
        if isinstance(value, int):
            setattr(config, name, max(1, value * new // old))


def _its_name(name: str, kept: Mapping[str, Sequence[int]]) -> str:
    """The teacher's name of a weight: its layer has another number there."""
    for stack, layers in kept.items():
        if name.startswith(f"{stack}."):
            number, _, rest = name.removeprefix(f"{stack}.").partition(".")
            return f"{stack}.{layers[int(number)]}.{rest}"
    return name


def _directions(teacher: Any, width: int) -> Tensor:
    """(D, width): the principal directions of the teacher's embeddings."""
    table = teacher.get_input_embeddings().weight.detach().float()
    vectors: Tensor = torch.linalg.eigh(table.T @ table)[1]  # by rising share of the squares
    return vectors[:, -width:].flip(1)


def _cut(name: str, its: Tensor, own: Tensor, directions: Tensor | None, old: int) -> Tensor:
    """A weight of the teacher's in the shape of the student's."""
    if its.shape == own.shape:
        return its
    norm = its.dim() == 1 and name.endswith("weight")  # scales, which cannot be turned
    if norm:
        return torch.full_like(own, float(its.float().mean()))
    into, out_of = INTO_HEADS.search(name), OUT_OF_HEADS.search(name)
    for dim, size in enumerate(own.shape):
        if its.shape[dim] == size:
            continue
        heads = (into and dim == 0) or (out_of and dim == 1)
        if directions is not None and its.shape[dim] == old and not heads:
            its = torch.movedim(torch.movedim(its.float(), dim, -1) @ directions, -1, dim)
        else:
            its = its.narrow(dim, 0, size)
    return its.to(own.dtype).contiguous()
