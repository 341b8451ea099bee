"""A translator trained by fairseq's own programs, and its weights put into the run's model.

    train_through_fairseq(folder, config, network, sources, dev)     # --engine fairseq

Pairs, tokenizer, tags and folder are those of every run; `fairseq-train` gets the pieces by their
numbers. Its `transformer` with learned positions, normalised embeddings and layers normalised last
is BART's network to the weight, so `--config bart-SIZE` says how large it is, and the model that
comes out is the same as that of the other engine: `icl.eval` and ctranslate2 open it. (M2M-100's
network is there too, but its positions begin at another row than ours.)

Differences to our loop: Adam, with a rate that falls as 1/sqrt (Vaswani et al. 2017); the loss on
--dev chooses the weights, at each epoch or every --evaluate-every updates; a fraction of a set's
weight is drawn once, not anew for each epoch. A killed run goes on from fairseq's own checkpoint.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.files import write_whole
from data.randomness import stream
from training.fairseq import Dictionary, Vocabulary, prepare_pairs, run_fairseq
from training.fairseq.checkpoint import read_checkpoint
from training.fairseq.formats import END_ID, PAD_ID, SPECIAL
from training.translation.batches import Coded, Source
from training.translation.config import TranslatorConfig
from training.translation.network import Network

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FOLDER = "fairseq"
SIDES = ("source", "target")
WARMUP = 400  # updates, where a share is asked for and their number is not known
LAST, BEST = "checkpoint_last.pt", "checkpoint_best.pt"
TABLES = ("shared.weight", "embed_tokens.weight", "lm_head.weight")


def train_through_fairseq(
    folder: Path,
    config: TranslatorConfig,
    network: Network,
    sources: Sequence[Source],
    dev: Sequence[Coded],
) -> dict[str, Any]:
    """Train in folder/fairseq, or go on there, and put the weights into the network's model.

    Args:
        sources: what is learned from. dev: what the weights are chosen by; of none, the last.

    Returns:
        What scores.json says of the training.

    Raises:
        UnavailableError: fairseq is not installed, or failed.
    """
    import torch

    inside = folder / FOLDER
    rows = table_rows(len(network.coder.tokenizer), _end(network), network.coder.ends.pad)
    parts = {"train": _texts(drawn(sources, config.seed))}
    if dev:
        parts["valid"] = _texts(dev)
    own = _dictionary(rows)
    for side in SIDES:
        own.save(inside / "vocabulary" / f"dict.{side}.txt")
    prepare_pairs(parts, inside, SIDES, Vocabulary(reuse=inside / "vocabulary"))
    command = training(inside, network.model.config, config, dev=bool(dev))
    logs = {"output": inside / "fairseq-train.txt", "log": inside / "fairseq-train.log"}
    run_fairseq(command, threads=torch.get_num_threads(), goes_on=True, **logs)
    rows_of_log = logs["output"].read_text("utf-8", "replace").splitlines()
    told = "".join(json.dumps(one) + "\n" for one in metrics_of(rows_of_log))
    write_whole(folder / "metrics.jsonl", told)
    found = read_checkpoint(inside / "checkpoints" / (BEST if dev else LAST))
    network.model.load_state_dict(converted(found.weights, rows, network.model.state_dict()))
    return {"engine": config.engine, "steps": found.updates, "command": command[3:]}


def metrics_of(log: Iterable[str]) -> Iterator[dict[str, Any]]:
    """What fairseq printed of the loss, as rows of metrics.jsonl, in nats a piece.

    A run that was killed repeats what came after its checkpoint: the last time counts.

    >>> line = "INFO | valid | epoch 018 | loss 2.000 | nll_loss 0.167 | num_updates 288"
    >>> list(metrics_of([line, line]))
    [{'step': 288, 'evaluation': {'loss': 1.3863}}]
    """
    rows: dict[tuple[int, str], dict[str, Any]] = {}
    for line in log:
        cells = line.split(" | ")
        figures = dict(cell.split(" ", 1) for cell in cells if " " in cell)
        part = next((one for one in ("train", "valid") if one in cells), None)
        if part and {"loss", "num_updates"} <= set(figures):
            nats = round(float(figures["loss"]) * math.log(2), 4)
            told = {"loss": nats} if part == "train" else {"evaluation": {"loss": nats}}
            step = int(figures["num_updates"])
            rows[step, part] = {"step": step, **told}
    yield from (rows[place] for place in sorted(rows))


def table_rows(size: int, end: int, pad: int) -> list[int]:
    """For each id of a vocabulary the row that it has in fairseq's table.

    >>> table_rows(6, end=3, pad=0)
    [1, 4, 5, 2, 6, 7]
    """
    others = iter(range(len(SPECIAL), len(SPECIAL) + size))
    known = {end: END_ID, pad: PAD_ID}
    return [known[one] if one in known else next(others) for one in range(size)]


def _dictionary(rows: Sequence[int]) -> Dictionary:
    symbols = tuple(str(one) for one, row in enumerate(rows) if row >= len(SPECIAL))
    return Dictionary(symbols, (1,) * len(symbols))


def drawn(sources: Iterable[Source], seed: int) -> Iterator[Coded]:
    """The pairs of an epoch, each set as often as its weight says, a fraction of it drawn once."""
    for source in sources:
        whole, part = divmod(source.weight, 1)
        for _ in range(int(whole)):
            yield from source.pairs
        randomness = stream(seed, "fairseq", source.name)
        yield from randomness.sample(list(source.pairs), round(part * len(source.pairs)))


def _texts(pairs: Iterable[Coded]) -> Iterator[tuple[list[str], list[str]]]:
    """Both sides as numbers; fairseq puts the end there itself."""
    for pair in pairs:
        yield [str(one) for one in pair.source[:-1]], [str(one) for one in pair.target[:-1]]


def training(folder: Path, network: Any, config: TranslatorConfig, *, dev: bool) -> list[str]:
    """`fairseq-train` on a folder's data-bin, to its checkpoints.

    Args:
        network: the configuration of a BART.
        dev: whether there is a part to choose the weights by.
    """
    every = str(config.evaluate_every or config.checkpoint_every)
    return [
        *("fairseq-train", str(folder / "data-bin"), "--save-dir", str(folder / "checkpoints")),
        *("--task", "translation", "--source-lang", SIDES[0], "--target-lang", SIDES[1]),
        *_architecture(network, config.dropout),
        *("--criterion", "label_smoothed_cross_entropy"),
        *("--label-smoothing", str(config.smoothing), "--clip-norm", "1.0"),
        *("--optimizer", "adam", "--adam-betas", "(0.9, 0.98)", "--weight-decay", "0.0001"),
        *("--lr", str(config.settings().learning_rate), "--lr-scheduler", "inverse_sqrt"),
        *("--warmup-updates", str(_warmup(config))),
        *("--max-tokens", str(max(1, config.batch_tokens // 2))),  # of one side
        *("--update-freq", str(config.accumulate), "--required-batch-size-multiple", "1"),
        *("--seed", str(config.seed), "--num-workers", "0", "--no-progress-bar"),
        *("--no-epoch-checkpoints", "--keep-interval-updates", "1"),
        *("--save-interval-updates", every, "--skip-invalid-size-inputs-valid-test"),
        *(("--patience", str(config.patience)) if config.patience else ()),
        *(() if dev else ("--disable-validation",)),
        *_limits(config),
        *(("--cpu",) if config.device == "cpu" else ()),
        *({"bfloat16": ("--bf16",), "float16": ("--fp16",)}.get(config.dtype or "", ())),
    ]


def _architecture(network: Any, dropout: float) -> list[str]:
    """BART's network in the words of fairseq."""
    sides = [
        option
        for side, positions in (("encoder", "source"), ("decoder", "target"))
        for option in (
            *(f"--{side}-layers", str(getattr(network, f"{side}_layers"))),
            *(f"--{side}-embed-dim", str(network.d_model), f"--{side}-learned-pos"),
            *(f"--{side}-ffn-embed-dim", str(getattr(network, f"{side}_ffn_dim"))),
            *(f"--{side}-attention-heads", str(getattr(network, f"{side}_attention_heads"))),
            *(f"--max-{positions}-positions", str(network.max_position_embeddings)),
        )
    ]
    return [
        *("--arch", "transformer", "--share-all-embeddings", "--layernorm-embedding"),
        *("--no-scale-embedding", "--activation-fn", network.activation_function),
        *sides,
        *("--dropout", str(dropout)),
    ]


def _warmup(config: TranslatorConfig) -> int:
    if config.warmup >= 1:
        return round(config.warmup)
    return WARMUP if config.steps is None else max(1, round(config.warmup * config.steps))


def _limits(config: TranslatorConfig) -> list[str]:
    found = []
    if config.steps is not None:
        found += ["--max-update", str(config.steps)]
    if config.seconds is not None:
        found.append(f"--stop-time-hours={config.seconds / 3600}")
    return found


def converted(
    weights: Mapping[str, NDArray[np.float32]], rows: Sequence[int], wanted: Mapping[str, Any]
) -> dict[str, Any]:
    """fairseq's weights under the names of a BART of transformers.

    Args:
        rows: see `table_rows`.
        wanted: the weights of a model of the same size: names and shapes.
    """
    import torch

    found = {}
    for name, held in wanted.items():
        if name == "final_logits_bias":  # fairseq has none
            found[name] = torch.zeros_like(held)
            continue
        theirs = name.removeprefix("model.")
        if name.endswith(TABLES):
            found[name] = torch.from_numpy(weights["encoder.embed_tokens.weight"][rows])
        else:
            found[name] = torch.from_numpy(weights[theirs])
    return found


def _end(network: Network) -> int:
    return int(network.coder.tokenizer.eos_token_id)
