"""README.md of a saved model: the card that the hub shows, with data, licences, settings, scores.

The YAML front matter is that of https://huggingface.co/docs/hub/model-cards; its values are
written as JSON, which YAML contains, so that there is no quoting to get wrong.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from data.corpus import NOT_STATED
from data.terminal import printable

PIPELINES = {
    "encoder": "fill-mask",
    "decoder": "text-generation",
    "encoder-decoder": "text2text-generation",
}
CLASSES = {
    "encoder": "AutoModelForMaskedLM",
    "decoder": "AutoModelForCausalLM",
    "encoder-decoder": "AutoModelForSeq2SeqLM",
}
BARE = ("feature-extraction", "AutoModel")  # of a model that was trained without a head of its own
SHOWN = (
    "objective", "auxiliary", "freeze", "steps", "seconds", "temperature", "length",
    "batch_tokens", "packed", "accumulate", "learning_rate", "schedule", "warmup", "optimizer",
    "average", "lora", "seed",
)  # fmt: skip


DATA = (
    "corpus", "licence", "made", "weight", "share", "documents", "tokens", "held out", "dropped",
)  # fmt: skip


def card(told: Mapping[str, Any]) -> str:
    """The whole README.md.

    Args:
        told: name, architecture, run (the identity in config.json), data (a record a corpus, see
            `training.pretrain`), model, training, scores, command, environment.
    """
    return printable(f"---\n{_yaml(_front(told))}---\n\n{_text(told)}")


def licence_of(licences: Sequence[str]) -> str:
    """What the front matter says: one licence where all corpora have it, else "other".

    >>> licence_of(["CC-BY-4.0", "CC-BY-4.0"]), licence_of(["CC0-1.0", "not stated"])
    ('cc-by-4.0', 'other')
    """
    [first, *others] = dict.fromkeys(licences) or [NOT_STATED]
    return "other" if others or first == NOT_STATED else first.lower()


def _front(told: Mapping[str, Any]) -> dict[str, Any]:
    data, pairs = told["data"], told["run"].get("bitexts", [])
    front: dict[str, Any] = {
        "license": licence_of([one["licence"] for one in (*data, *pairs)]),
        "language": told["languages"],
        "library_name": "transformers",
        "pipeline_tag": BARE[0] if _is_bare(told) else PIPELINES[told["architecture"]],
        "tags": ["low-resource", *(["synthetic"] if any(c["synthetic"] for c in data) else [])],
    }
    if "/" in told["model"]["name"]:
        front["base_model"] = told["model"]["name"]
    return {name: value for name, value in front.items() if value}


def _is_bare(told: Mapping[str, Any]) -> bool:
    return bool(told["run"].get("objective", "").lower() == "none")


def _yaml(value: Mapping[str, Any]) -> str:
    return "".join(f"{name}: {json.dumps(v, ensure_ascii=False)}\n" for name, v in value.items())


def _text(told: Mapping[str, Any]) -> str:
    model, training = told["model"], told["training"]
    origin = (
        f"`{model['name']}` with random weights"
        if model["revision"] == "random weights"
        else f"{model['name']} at revision {model['revision']}"
    )
    how = f" with adapters of rank {model['lora']}, merged" if model["lora"] else ""
    sections = [
        f"# {told['name']}\n",
        f"Made by `python -m training.pretrain` of kilolingua from {origin}{how}:"
        f" {model['parameters']:,} parameters, {model['trained']:,} of them trained on"
        f" {training['tokens']:,} scored tokens in {training['steps']:,} updates.\n",
        *(f"> {note}\n" for note in told["notes"]),
        "## Data\n",
        _table(_data(told["data"])),
        *_pairs(told["run"].get("bitexts", [])),
        *_licence_note([*told["data"], *told["run"].get("bitexts", [])]),
        *_kept_out(told),
        "## Scores\n",
        *_scores(told["scores"]),
        "## Settings\n",
        _table(_settings(told)),
        "## Use\n",
        _use(told["architecture"], BARE[1] if _is_bare(told) else CLASSES[told["architecture"]]),
        "## Command\n",
        f"```\n{told['command']}\n```\n",
    ]
    return "\n".join(sections)


def _data(data: Sequence[Mapping[str, Any]]) -> Iterator[Sequence[str]]:
    yield DATA
    for corpus in data:
        dropped = "; ".join(f"{reason}: {n:,}" for reason, n in corpus["dropped"].items())
        yield (
            corpus["name"],
            corpus["licence"],
            "by lexaug.synthesize" if corpus["synthetic"] else "by people, or unknown",
            f"{corpus['weight']:g}",
            f"{100 * corpus['share']:.1f} %",
            f"{corpus['documents']:,}",
            f"{corpus['tokens']:,}",
            f"{corpus['held_out_documents']:,}",
            dropped or "none",
        )


def _pairs(bitexts: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if bitexts:
        rows = [(one["name"], one["licence"], f"{one['pairs']:,}") for one in bitexts]
        yield _table([("translations", "licence", "pairs"), *rows])


def _licence_note(data: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    unknown = [corpus["name"] for corpus in data if corpus["licence"] == NOT_STATED]
    if unknown:
        yield f"Find out under which licence these may be used: {', '.join(unknown)}.\n"


def _kept_out(told: Mapping[str, Any]) -> Iterator[str]:
    names = [one["name"] for one in told["run"]["keep_out"] if "name" in one]
    if names:
        yield (
            f"Sentences of {', '.join(names)} were taken out of the text before training: the same"
            " letters and digits, whatever the case, spaces and punctuation.\n"
        )
    else:
        yield "No test set was kept out of the text (`--keep-out`).\n"


def _scores(scores: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not scores:
        yield "No document was held out.\n"
        return
    names = [score["name"] for score in scores[0]["scores"]]
    rows = [("corpus", "system", *names, "n")]
    for one in scores:
        shown = [f"{s['value']:.3f} [{s['low']:.3f}, {s['high']:.3f}]" for s in one["scores"]]
        shown += ["-"] * (len(names) - len(shown))
        rows.append((one["corpus"], one["system"], *shown, f"{one['scores'][0]['n']:,}"))
    yield _table(rows)
    yield (
        "On documents that were held out of training. Perplexity is of a scored token; bits per"
        " byte are its logarithm to base 2 times the tokens of a byte, and so comparable between"
        " tokenizers; intervals are of 95 %, signatures in scores.json. `unigram` knows how"
        " frequent pieces are and nothing else.\n"
    )


def _settings(told: Mapping[str, Any]) -> Iterator[Sequence[str]]:
    yield "setting", "value"
    for name in SHOWN:
        if told["run"].get(name) is not None:
            yield name.replace("_", " "), str(told["run"][name])
    for package, version in told["environment"]["packages"].items():
        if version != "not installed":
            yield package, version


def _use(architecture: str, kind: str) -> str:
    lines = [
        f"from transformers import AutoTokenizer, {kind}\n",
        'tokenizer = AutoTokenizer.from_pretrained("path/to/this/folder")',
        f'model = {kind}.from_pretrained("path/to/this/folder")',
    ]
    code = "```python\n" + "\n".join(lines) + "\n```\n"
    if architecture == "encoder":
        return code
    return code + "\n    python -m icl.eval --lang CODE --model path/to/this/folder\n"


def _table(rows: Sequence[Sequence[str]] | Iterator[Sequence[str]]) -> str:
    """A Markdown table; a bar inside a cell is escaped."""
    cells = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    head, *body = [f"| {' | '.join(row)} |" for row in cells]
    return "\n".join([head, f"|{' --- |' * len(cells[0])}", *body]) + "\n"
