"""The network as ONNX, in float32 or with matrices of 8 bits, and run by onnxruntime.

    export(model, Path("nlu.onnx"), int8=True)
    quick = with_graph(model, Path("nlu.onnx"))     # its parse() runs the graph

The graph takes input_ids, attention_mask and words (the number of each piece's word, -1 for none),
(B, T) each, and gives scores of intents (B, I) and of tags at every piece (B, T, L); the score of a
word is that of its first piece. Quantising is dynamic: weights in 8 bits, activations as they come.
Without VNNI sums of pairs of such products overflow: answers stray further there (docs/NLU.md).
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from data.errors import InputError
from data.files import write_whole
from models.library import missing_package
from nlu.config import FIRST
from nlu.model import Network, NluModel, collate
from training.joint import layers_of
from training.tagging.tagger import NO_PIECE, Window

OPSET = 18
NAMES = ("input_ids", "attention_mask")


class _Pieces(nn.Module):
    """The network with the scores of tags at every piece, which a graph of fixed shape can have."""

    def __init__(self, model: NluModel) -> None:
        super().__init__()
        self.network = model.network

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor]:
        """Scores of intents and of tags, (B, I) and (B, T, L)."""
        with lower_layers_once(self.network):
            states, pooled = self.network.states(input_ids, attention_mask)
        return self.network.intents_of(pooled), self.network.slot(states)


@contextmanager
def lower_layers_once(network: Network) -> Iterator[None]:
    """Within, layers of the slots' own read what the encoder's lower layers made.

    Those of the reader give the same and lead nowhere then, so that a graph is without them.
    """
    if network.reader is None:
        yield
        return
    first = network.shape.own or 0
    made: list[Tensor] = []

    def keep(_: nn.Module, given: tuple[Tensor, ...], named: dict[str, Any]) -> None:
        made.append(named["hidden_states"] if "hidden_states" in named else given[0])

    def put(_: nn.Module, given: tuple[Tensor, ...], named: dict[str, Any]) -> Any:
        if "hidden_states" in named:
            return given, {**named, "hidden_states": made.pop()}
        return (made.pop(), *given[1:]), named

    whole, own = layers_of(network.encoder), layers_of(network.reader)
    assert whole is not None and own is not None  # noqa: S101, PT018  # the reader was made of them
    hooks = [
        whole[first].register_forward_pre_hook(keep, with_kwargs=True),
        own[first].register_forward_pre_hook(put, with_kwargs=True),
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def export(model: NluModel, path: Path, *, int8: bool = False) -> str:
    """Write the graph; one line on it.

    Raises:
        InputError: a model whose words are seen by the mean of their pieces.
        UnavailableError: onnx or onnxruntime is not installed.
    """
    if model.shape.words != FIRST:
        raise InputError("--onnx: expected a model of --words first; train one")
    try:
        import onnx  # noqa: F401
        import onnxruntime.quantization as quantization
    except ImportError as error:
        raise missing_package(error, "onnx") from error
    network = _Pieces(model).eval()
    ids = torch.ones(2, 8, dtype=torch.long)
    axes = {name: {0: "batch", 1: "pieces"} for name in (*NAMES, "tags")}
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of tracing; tests compare the answers
        whole, small = Path(folder) / "whole.onnx", Path(folder) / "small.onnx"
        torch.onnx.export(
            network,
            (ids, torch.ones_like(ids)),
            str(whole),
            input_names=list(NAMES),
            output_names=["intents", "tags"],
            dynamic_axes={**axes, "intents": {0: "batch"}},
            opset_version=OPSET,
            dynamo=False,
        )
        if int8:
            quantization.quantize_dynamic(str(whole), str(small), per_channel=True)
        made = (small if int8 else whole).read_bytes()
    write_whole(path, made)
    return f"wrote {path}: {len(made):,} bytes, {'int8' if int8 else 'float32'}"


class OnnxNetwork:
    """The graph, on one thread.

    Raises:
        InputError: a file that is no graph of `export`.
        UnavailableError: onnxruntime is not installed.
    """

    def __init__(self, path: Path) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise missing_package(error, "onnx") from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        if not path.is_file():
            raise InputError(f"{path}: no such file; nlu.predict MODEL --onnx FILE writes one")
        try:
            self._session: Any = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
            outputs = {one.name: one.shape for one in self._session.get_outputs()}
            self.sizes = outputs["intents"][-1], outputs["tags"][-1]
        except Exception as error:  # onnxruntime has a class of its own for each kind of fault
            raise InputError(
                f"{path}: expected a graph of intents and slots, found another file; nlu.predict"
                " MODEL --onnx FILE writes one"
            ) from error

    def __call__(
        self, input_ids: Tensor, attention_mask: Tensor
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Scores of intents (B, I) and of tags at every piece (B, T, L)."""
        given = {"input_ids": input_ids.numpy(), "attention_mask": attention_mask.numpy()}
        intents, tags = self._session.run(["intents", "tags"], given)
        return intents, tags


@dataclass(frozen=True)
class OnnxModel(NluModel):
    """A model whose network is a graph; `with_graph` makes one."""

    graph: OnnxNetwork | None = None

    def _forward(
        self, utterances: Sequence[Sequence[str]], tokens: int | None, shift: Tensor | None
    ) -> Iterator[tuple[list[Window], tuple[NDArray[np.float32], NDArray[np.float32]]]]:
        if self.graph is None or shift is not None:
            raise InputError("a graph moves no vectors: centring needs the model in torch")
        outside: NDArray[np.float32] = self.network.slot.bias.detach().float().cpu().numpy()
        for group in self._groups(utterances, tokens):
            batch = collate(group, self.coder.pad)
            intents, pieces = self.graph(batch["input_ids"], batch["attention_mask"])
            words = max(1, *(len(window.firsts) for window in group))
            tags = np.tile(outside, (len(group), words, 1))  # of a word without a piece
            for row, window in enumerate(group):
                places = np.array(window.firsts, np.int64)
                there = places != NO_PIECE
                tags[row, np.flatnonzero(there)] = pieces[row, places[there]]
            yield group, (_log_shares(intents), tags if self.shape.crf else _log_shares(tags))


def _log_shares(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    found: NDArray[np.float32] = torch.from_numpy(scores).log_softmax(dim=-1).numpy()
    return found


def with_graph(model: NluModel, path: Path) -> OnnxModel:
    """The model with its network run by onnxruntime, out of a file of `export`.

    Raises:
        InputError: a file that is no such graph, or another model's.
        UnavailableError: onnxruntime is not installed.
    """
    graph = OnnxNetwork(path)
    wanted = len(model.shape.intents), len(model.shape.tags)
    if graph.sizes != wanted:
        raise InputError(
            f"{path}: expected a graph of {wanted[0]} intents and {wanted[1]} tags, found"
            f" {graph.sizes[0]} and {graph.sizes[1]}; export this model's with --onnx"
        )
    return OnnxModel(model.network, model.tokenizer, model.length, "onnx", graph)
