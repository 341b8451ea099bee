"""The network as ONNX, in float32 or with matrices of 8 bits, and run by onnxruntime.

    export(model, Path("nlu.onnx"), int8=True)
    OnnxNetwork(Path("nlu.onnx"))(batch)            # scores of intents and of tags, as the network

The graph takes input_ids, attention_mask and words (the number of each piece's word, -1 for none),
(B, T) each, and gives scores of intents (B, I) and of tags at every piece (B, T, L); the score of a
word is that of its first piece. Quantising is dynamic: weights in 8 bits, activations as they come.
"""

from __future__ import annotations

import tempfile
import warnings
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
from nlu.model import NluModel

OPSET = 18
NAMES = ("input_ids", "attention_mask")


class _Pieces(nn.Module):
    """The network with the scores of tags at every piece, which a graph of fixed shape can have."""

    def __init__(self, model: NluModel) -> None:
        super().__init__()
        self.network = model.network

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor]:
        """Scores of intents and of tags, (B, I) and (B, T, L)."""
        states, pooled = self.network.states(input_ids, attention_mask)
        return self.network.intent(pooled), self.network.slot(states)


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
    """The graph, on one thread."""

    def __init__(self, path: Path) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise missing_package(error, "onnx") from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session: Any = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )

    def __call__(
        self, input_ids: Tensor, attention_mask: Tensor
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Scores of intents (B, I) and of tags at every piece (B, T, L)."""
        given = {"input_ids": input_ids.numpy(), "attention_mask": attention_mask.numpy()}
        intents, tags = self._session.run(["intents", "tags"], given)
        return intents, tags
