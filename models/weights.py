"""The weights of a model: safetensors, opened the one way that is safe.

model, missing = open_weights(folder, "AutoModelForMaskedLM", "cannot be opened as an encoder")
model = random_model("AutoModelForCausalLM", LlamaConfig(...))
save_safetensors(model, out)

A pickle is refused and not opened, adapters and code of the folder's own are refused by
`models.code`, and a configuration that asks for far more than the files hold is refused before the
memory for it is taken.
"""

from __future__ import annotations

import errno
import pickletools
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from data.bounded import read_json
from data.errors import InputError
from models.code import without_code
from models.config import check_token_ids, read_config
from models.library import missing_package, opened, quiet_transformers

PICKLE_SUFFIXES = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt")
PICKLE_OPCODES = {opcode.code.encode("latin-1") for opcode in pickletools.opcodes}
INDEX = "*.safetensors.index.json"
SPARE = 1 << 26  # parameters that a model may have beyond twice what its files hold: a new head


def open_weights(
    folder: Path, kind: str, trouble: str, advice: str = "", dtype: str = "float32", **settings: Any
) -> tuple[Any, list[str]]:
    """A model, and the names of weights that its files lack, which begin at random.

    Args:
        folder: on this machine.
        kind: a class of `transformers`.
        trouble: what the error says of the folder; advice: what it says at its end.
        settings: for the model's configuration.

    Raises:
        InputError: it does not open.
        UnavailableError: transformers is not installed, or a package that the model needs.
    """
    check_weights(folder)
    read_config(folder)
    check_token_ids(folder)
    clean = without_code(folder)
    try:
        import torch
        import transformers
    except ImportError as error:
        raise missing_package(error, "cpu") from error
    quiet_transformers()
    where = {"local_files_only": True, "trust_remote_code": False}

    def load() -> tuple[Any, Any]:
        config = transformers.AutoConfig.from_pretrained(clean, **where, **settings)
        _check_memory(getattr(transformers, kind), config, folder, clean)
        model, told = getattr(transformers, kind).from_pretrained(
            clean,
            config=config,
            dtype=getattr(torch, dtype),
            use_safetensors=True,
            ignore_mismatched_sizes=True,  # else an error that points at a table nobody is shown
            output_loading_info=True,
            **where,
        )
        _check_shapes(told["mismatched_keys"])
        return model, told

    model, told = opened(load, f"{folder}: {trouble}", advice)
    check_finite(model, folder)
    parameters = dict(model.named_parameters())  # other tables are computed, not learned
    return model, sorted(name for name in told["missing_keys"] if name in parameters)


def check_whole(missing: Iterable[str], folder: Path, part: str = "") -> None:
    """Raise `InputError` for a model of which the files lack weights: they would be random.

    Args:
        missing: as `open_weights` names them.
        part: only weights whose names begin so: `model.` leaves out a new layer on top.
    """
    names = [name for name in missing if name.startswith(part) and "pooler" not in name]
    if names:
        raise InputError(
            f"{folder}: the files lack {len(names):,} of the weights that config.json describes"
            f" ({names[0]}), which would be random; get the model again"
        )


def check_finite(model: Any, where: Path) -> None:
    """Raise `InputError` for a weight that is no number (NaN) or without end: whatever such a model
    wrote would be scored as if it meant something."""
    import torch

    for name, weight in model.named_parameters():
        if not bool(torch.isfinite(weight).all()):
            raise InputError(
                f"{where}: the weight {name} holds values that are not finite (NaN or infinite), as"
                " after a training run that diverged; get the model again, or an earlier one"
            )


def _check_shapes(differing: Iterable[tuple[str, Sequence[int], Sequence[int]]]) -> None:
    """Raise ValueError for a weight whose shape in the files is another than config.json asks for.

    Args:
        differing: a weight's name, its shape in the files, its shape in the model.
    """
    for name, held, asked in sorted(differing):
        raise ValueError(
            f"{name} is {_shape(held)} in the files, config.json asks for {_shape(asked)}: they are"
            " not of one model"
        )


def _shape(sizes: Sequence[int]) -> str:
    """A shape in words: 258 x 16."""
    return " x ".join(f"{size:,}" for size in sizes)


def check_ids(model: Any, highest: int, name: object) -> None:
    """Raise `InputError` for an id that the model has no embedding for.

    On a CPU the library would end in an IndexError, on a GPU in an assertion of the device.
    """
    rows = int(model.get_input_embeddings().weight.shape[0])
    if highest >= rows:
        raise InputError(
            f"{name}: expected ids below {rows:,}, the model's vocabulary, found {highest:,} from"
            " its tokenizer; the two are not of one model"
        )


def random_model(kind: str, config: Any) -> Any:
    """A model of a configuration that we have made, with weights from torch's own random state.

    Args:
        kind: a class of `transformers`, such as "AutoModelForCausalLM".

    Raises:
        UnavailableError: transformers is not installed.
    """
    try:
        import torch  # noqa: F401  (transformers needs it)
        import transformers
    except ImportError as error:
        raise missing_package(error, "cpu") from error
    return getattr(transformers, kind).from_config(config, trust_remote_code=False)


def class_in_config(folder: Path) -> str:
    """The class of `transformers` that a model's config.json names first, such as "BartModel".

    Raises:
        InputError: it names none that `transformers` has.
    """
    import transformers

    names: Sequence[str] = read_config(folder).get("architectures") or []
    if not names or not hasattr(getattr(transformers, names[0], None), "from_pretrained"):
        raise InputError(
            f"{folder}: config.json names no model that transformers has"
            f" ({', '.join(names) or 'none'}); pass --tokenizer-only"
        )
    return names[0]


def with_low_rank_adapters(model: Any, **settings: Any) -> Any:
    """The model with adapters of `peft` beside its linear layers, untrained.

    Raises:
        UnavailableError: peft is not installed.
    """
    try:
        from peft import LoraConfig, get_peft_model
    except ImportError as error:
        raise missing_package(error, "lora") from error
    adapted = get_peft_model(model, LoraConfig(**settings))
    for (
        config
    ) in adapted.peft_config.values():  # a set, which is written in another order each time
        config.target_modules = sorted(config.target_modules)
    return adapted


def save_safetensors(model: Any, out: Path) -> None:
    """`save_pretrained`; a write that fails raises OSError, as it does everywhere else."""
    from safetensors import SafetensorError

    quiet_transformers()
    try:
        model.save_pretrained(out)
    except SafetensorError as error:
        number = re.search(r"os error (\d+)", str(error))
        raise OSError(int(number[1]) if number else errno.EIO, str(error)) from error


def check_weights(folder: Path) -> list[Path]:
    """The safetensors files of a folder, checked, or else its one GGUF file.

    Raises:
        InputError: neither, a pickle beside them, or a file that is not whole.
    """
    refuse_pickles(folder)
    weights = sorted(folder.glob("*.safetensors"))
    for path in weights:
        _check_safetensors(path)
    _check_index(folder)
    gguf = sorted(folder.glob("*.gguf"))
    if not weights and len(gguf) != 1:
        found = f"{len(gguf)} *.gguf files" if gguf else "neither"
        begun = (folder / "checkpoints").is_dir() or any(folder.glob("*/checkpoints"))
        advice = (
            "the run in it is not finished, give the command that trains it once more"
            if begun
            else "give a folder that holds a model"
        )
        raise InputError(
            f"{folder}: expected *.safetensors or one *.gguf file, found {found}; {advice}"
        )
    return weights or gguf


def refuse_pickles(folder: Path) -> None:
    """Refuse a folder that holds a pickle: opening one can run any code.

    Told by content, so that ctranslate2's `model.bin`, which is none, passes.
    """
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in PICKLE_SUFFIXES and path.is_file() and _looks_pickled(path):
            raise InputError(
                f"{path}: is a pickle, which can run any code when it is opened; convert it to "
                "safetensors (transformers: model.save_pretrained), move it away, and run again"
            )


def _looks_pickled(path: Path) -> bool:
    """Whether the first byte is an instruction of pickle, in any protocol.

    "P" is one of them, and so torch's zip around a pickle, which starts with PK, is told as well.
    """
    with open(path, "rb") as file:
        return file.read(1) in PICKLE_OPCODES


def _check_safetensors(path: Path) -> None:
    """Refuse a file whose header does not fit its length, as after a download that was cut off."""
    try:
        from safetensors import SafetensorError, safe_open
    except ImportError as error:
        raise missing_package(error, "cpu") from error
    try:
        with safe_open(path, "np"):
            pass
    except SafetensorError as error:
        raise InputError(f"{path}: not a whole safetensors file ({error}); get it again") from error


def _check_index(folder: Path) -> None:
    """Raise unless an index of several files names files of the folder alone, all of them there.

    One that names another folder's file, or a pickle, would be opened by the library.
    """
    for index in sorted(folder.glob(INDEX)):
        found = read_json(index, {"weight_map": {str: str}})["weight_map"]
        for name in sorted(set(found.values())):
            plain = Path(name).name == name and name.endswith(".safetensors")
            if not plain or not (folder / name).is_file():
                raise InputError(
                    f"{index}: expected names of *.safetensors files that are in the folder, found"
                    f" {name[:80]!r}; get the model again"
                )


def _check_memory(kind: Any, config: Any, folder: Path, clean: Path) -> None:
    """Refuse a configuration of many more parameters than the files hold.

    The model is built without memory ("meta"), as the library itself begins; what its files lack it
    would then fill with random numbers, however much that is.
    """
    import torch

    with torch.device("meta"):
        if hasattr(kind, "from_config"):  # one of the Auto classes
            model = kind.from_config(config, trust_remote_code=False)
        else:
            model = kind._from_config(config)
    asked = sum(weight.numel() for weight in model.parameters())
    held = sum(stored_parameters(path) for path in clean.glob("*.safetensors"))
    if asked > 2 * held + SPARE:
        raise InputError(
            f"{folder}: config.json asks for {asked:,} parameters, the files hold {held:,}: they"
            " are not of one model; get it again"
        )


def stored_parameters(path: Path) -> int:
    """How many numbers a safetensors file holds, by its header alone."""
    from safetensors import safe_open

    total = 0
    with safe_open(path, "np") as file:
        for name in file.keys():  # noqa: SIM118  (it is no dict)
            size = 1
            for dimension in file.get_slice(name).get_shape():
                size *= dimension
            total += size
    return total
