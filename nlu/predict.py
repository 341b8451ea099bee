"""Tell intents and slots of utterances: lines of text, JSON lines, or standard input.

    echo "weck mich um sieben" | python -m nlu.predict runs/nlu-1f2e
    python -m nlu.predict runs/nlu-1f2e requests.txt --bench
    python -m nlu.predict runs/nlu-1f2e more.jsonl --rewrites mined --out parsed.jsonl

A line of text becomes a line of JSON: the utterance, its intent with its probability, the slots as
spans, and the utterance with its slots written in, as MASSIVE writes them. A line that begins with
{ is JSON with the text under "utt", "text" or "request", or with "tokens"; what else it holds
stays.
Words are those between spaces; `--by-character` splits words that are not in ASCII, as MASSIVE does
for Chinese and Japanese. `--rewrites` puts what `nlu.self_learning` mined in front of the model.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.access import Access
from data.bounded import parse_json
from data.cli import Parser, run, typed_lines
from data.errors import InputError
from data.labels.bio import spans
from data.labels.slots import words

if TYPE_CHECKING:
    from nlu.model import Parsed
    from nlu.self_learning.rewrites import Rewriter
    from nlu.text_to_text import Parser as Model

CHUNK = 512  # utterances at a time
TEXTS = ("utt", "text", "request")
BENCH_BATCHES = (1, 32)


@dataclass(frozen=True, slots=True)
class Asked:
    """An utterance: what the line held, and its tokens."""

    told: dict[str, Any]
    tokens: tuple[str, ...]


def asked(line: str, where: str, *, by_character: bool = False) -> Asked | None:
    """An utterance of a line; None for a line without a word.

    >>> asked("weck mich um sieben", "x:1").tokens
    ('weck', 'mich', 'um', 'sieben')

    Raises:
        InputError: JSON that is damaged, or has no text.
    """
    told: dict[str, Any] = {}
    text = line
    if line.lstrip().startswith("{"):
        told = parse_json(line, where, dict)
        tokens = told.get("tokens")
        if isinstance(tokens, list) and tokens and all(isinstance(t, str) and t for t in tokens):
            return Asked(told, tuple(tokens))
        found = next((told[key] for key in TEXTS if isinstance(told.get(key), str)), None)
        if found is None:
            raise InputError(f"{where}: expected a text under {', '.join(TEXTS)}, or tokens")
        text = found
    places = words(text, by_character=by_character)
    if not places:
        return None
    return Asked(told or {"utt": text}, tuple(text[start:end] for start, end in places))


def annotated(tokens: Sequence[str], slots: Sequence[str], joint: str = " ") -> str:
    """An utterance with its slots written in, as MASSIVE does.

    >>> annotated(("niamshe", "saa", "tano"), ("O", "B-time", "I-time"))
    'niamshe [time : saa tano]'
    """
    parts: list[str] = []
    at = 0
    for span in spans(slots):
        parts += tokens[at : span.start]
        parts.append(f"[{span.label} : {joint.join(tokens[span.start : span.end])}]")
        at = span.end
    return joint.join([*parts, *tokens[at:]])


def answer(one: Asked, found: Parsed) -> dict[str, Any]:
    """What is said of an utterance, for JSON."""
    return {
        **one.told,
        "pred_intent": found.intent,
        "confidence": round(found.confidence, 4),
        "pred_slots": [
            [" ".join(one.tokens[span.start : span.end]), span.label] for span in spans(found.slots)
        ],
        "pred_annot_utt": annotated(one.tokens, found.slots),
    }


def predictions(
    model: Model, lines: Iterator[Asked], rewriter: Rewriter | None = None
) -> Iterator[dict[str, Any]]:
    """Answers for utterances, a few hundred at a time."""
    while chunk := list(islice(lines, CHUNK)):
        tokens = [one.tokens for one in chunk]
        rewritten = [rewriter(" ".join(one)) if rewriter else None for one in tokens]
        seen = [
            tuple(new.split()) if new else own for new, own in zip(rewritten, tokens, strict=True)
        ]
        for one, new, own, found in zip(chunk, rewritten, seen, model.parse(seen), strict=True):
            told = answer(Asked(one.told, own), found)
            yield {**told, "rewrite": new} if new else told


def bench(model: Model, tokens: Sequence[Sequence[str]]) -> list[str]:
    """Lines on size and speed: utterances a second, one by one and in batches of 32."""
    network = model.network
    size = sum(weight.numel() for weight in network.parameters())
    whole: Any = getattr(network, "encoder", network)
    inside = size - whole.get_input_embeddings().weight.numel()
    told = [f"{size:,} weights, {inside:,} of them outside of the embeddings; {model.dtype}"]
    for batch in BENCH_BATCHES:
        some = tokens[: 20 * batch]
        model.parse(some[:batch])
        began = time.perf_counter()
        for start in range(0, len(some), batch):
            model.parse(some[start : start + batch])
        seconds = time.perf_counter() - began
        told.append(
            f"batches of {batch}: {len(some) / seconds:,.1f} utterances/s,"
            f" {1000 * seconds * batch / len(some):,.1f} ms a batch"
        )
    return told


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; `predictions` is the function beneath it."""
    parser = Parser("nlu.predict", __doc__ or "")
    parser.add_argument("model", metavar="MODEL", help="a run of nlu.train, or its model/")
    parser.add_argument("files", nargs="*", default=["-"], metavar="FILE", help="- is the input")
    parser.add_argument("--by-character", action="store_true", help="split words not in ASCII")
    parser.add_argument("--rewrites", type=Path, metavar="MINED", help="of nlu.self_learning mine")
    parser.add_argument("--bench", action="store_true", help="size and speed, to standard error")
    parser.add_argument("--onnx", type=Path, metavar="FILE", help="write the network as ONNX")
    parser.add_argument("--int8", action="store_true", help="with --onnx: matrices in 8 bits")
    parser.add_argument("--graph", type=Path, metavar="FILE", help="answer with a network that"
                        " --onnx wrote")  # fmt: skip
    parser.add_argument("--out", type=Path, help="a file .jsonl (default: standard output)")
    parser.add_common("--limit", "--dtype", "--offline", "-v")
    return run(parser, _predict, argv)


def _predict(given: argparse.Namespace) -> int:
    from data.files import appears_whole
    from nlu.model import load_nlu
    from nlu.self_learning.rewrites import Rewriter
    from nlu.text_to_text import load_parser
    from runfolder.console import say, show

    if given.dtype not in (None, "float32", "bfloat16"):
        raise InputError(f"--dtype {given.dtype}: expected float32 or bfloat16")
    if given.int8 and not given.onnx:
        raise InputError("--int8: is of --onnx FILE, which is missing")
    access = Access(offline=given.offline, report=say)
    how: dict[str, Any] = {"dtype": given.dtype, "access": access}
    if given.onnx:
        from nlu.onnx import export

        say(export(load_nlu(given.model, **how), given.onnx, int8=given.int8))
        return 0
    if given.graph:
        from nlu.onnx import with_graph

        model: Model = with_graph(load_nlu(given.model, **how), given.graph)
    else:
        model = load_parser(given.model, **how)
    rewriter = Rewriter.load(given.rewrites) if given.rewrites else None
    lines = islice(_lines(given), given.limit)
    if given.bench:
        rows = list(lines)
        if not rows:
            raise InputError("--bench: expected utterances, found none")
        for told in bench(model, [one.tokens for one in rows]):
            say(told)
        lines = islice(iter(rows), None)
    found = predictions(model, lines, rewriter)
    if given.out is None:
        for one in found:
            show(json.dumps(one, ensure_ascii=False))
        return 0
    with appears_whole(given.out) as file:
        for one in found:
            file.write(f"{json.dumps(one, ensure_ascii=False)}\n".encode())
    return 0


def _lines(given: argparse.Namespace) -> Iterator[Asked]:
    for name in given.files:
        for number, line in enumerate(typed_lines(name), 1):
            where = f"{'standard input' if name == '-' else name}:{number}"
            one = asked(line, where, by_character=given.by_character)
            if one is not None:
                yield one


if __name__ == "__main__":
    raise SystemExit(main())
