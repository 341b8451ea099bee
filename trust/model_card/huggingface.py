"""A model's page as Hugging Face's model card: metadata in front, tables in Markdown behind.

Fields are those of https://huggingface.co/docs/hub/model-cards; `huggingface_hub` writes them. What
a run does not know is left out: no licence is guessed from those of the data.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from data.errors import InputError
from data.languages import resolve
from models.library import missing_package
from trust.model_card.facts import ALL, DATA, SECTIONS, Card, Row

MOST_COLUMNS = 12  # languages of a table of Markdown; card.json has all
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")  # the hub knows no other names of models
KINDS = {"accuracy": "accuracy", "F1": "f1", "exact match": "exact_match", "BLEU": "bleu"}


def markdown(card: Card, licence: str | None = None) -> str:
    """The card: YAML between two lines of ---, then the page.

    Args:
        licence: of the model, as Hugging Face calls it ("apache-2.0").

    Raises:
        UnavailableError: huggingface_hub is not installed.
    """
    try:
        from huggingface_hub import EvalResult, ModelCardData
    except ImportError as error:
        raise missing_package(error, "cpu") from error
    results = [
        EvalResult(
            task_type=card.task or "other",
            dataset_type=_slug(row.about or row.run or "test"),
            dataset_name=f"{row.run}, {code}" if code else row.run,
            metric_type=_metric(row.name),
            metric_name=row.name,
            metric_value=round(cell.value, 4),
            dataset_config=code or None,
        )
        for row in card.rows
        if row.section == "quality" and "costs nothing" not in row.name
        for code, cell in row.cells.items()
    ]
    given: dict[str, Any] = {
        "language": iso_codes(card),
        "license": licence,
        "library_name": "transformers",
        "pipeline_tag": card.task or None,
        "base_model": card.base if _HUB_ID.fullmatch(card.base) else None,
        "tags": ["kilolingua"],
        "model_name": card.name,
        "eval_results": results or None,
    }
    data = ModelCardData(**{key: value for key, value in given.items() if value})
    return f"---\n{data.to_yaml()}\n---\n\n" + "\n".join(_lines(card)) + "\n"


def iso_codes(card: Card) -> list[str]:
    """The languages that the model was trained on, else those of its figures, as ISO 639 codes."""
    told = [str(one["language"]) for one in card.data if one.get("language")]
    codes = [part for one in told for part in one.split(",")] or card.languages
    found = dict.fromkeys(code for one in codes if (code := _iso(one)))
    return sorted(found)


def _iso(code: str) -> str:
    try:
        return resolve(code).bcp47.split("-")[0]
    except InputError:
        return ""


def _metric(name: str) -> str:
    return next((kind for part, kind in KINDS.items() if part in name), _slug(name))


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _lines(card: Card) -> Iterator[str]:
    yield f"# {card.name}\n"
    yield f"Revision {card.revision}" + (f", trained from {card.base}" if card.base else "") + "."
    yield "\nFigures with their 95 % intervals; all of them: card.json.\n"
    for section in SECTIONS:
        rows, facts, missing = card.of(section)
        if not (rows or facts or missing) and section != DATA:
            continue
        yield f"\n## {section.capitalize()}\n"
        for fact in facts:
            yield f"- {_cell(fact.name)}: {_cell(fact.text)}"
        if rows:
            yield from _table(rows)
        if section == DATA and card.data:
            yield from _data(card)
        for one in missing:
            told = f"`{one.command}`" if one.is_command else one.command
            yield f"- not measured: {one.what}; {told}"


def _table(rows: list[Row]) -> Iterator[str]:
    codes = sorted({code for row in rows for code in row.cells} - {ALL})
    shown = codes[:MOST_COLUMNS]
    has_all = any(ALL in row.cells for row in rows)
    head = ["figure", *(["all"] if has_all else []), *shown]
    yield ""
    yield f"| {' | '.join(head)} |"
    yield f"| {' | '.join(['---'] * len(head))} |"
    for row in rows:
        columns = [*([ALL] if has_all else []), *shown]
        cells = [row.cells[c].text() if c in row.cells else "" for c in columns]
        name = row.name + (f" ({row.about})" if row.about else "")
        yield f"| {' | '.join([_cell(name), *cells])} |"
    if len(codes) > len(shown):
        yield f"\n{len(codes) - len(shown)} more languages: card.json."
    yield ""


def _data(card: Card) -> Iterator[str]:
    yield "\n| data | role | language | licence | examples |\n| --- | --- | --- | --- | --- |"
    for one in card.data:
        cells = (
            one.get("name"), one.get("role"), one.get("language"), one.get("licence"),
            examples(one),
        )  # fmt: skip
        yield f"| {' | '.join(_cell(str(cell or '-')) for cell in cells)} |"


def examples(one: Any) -> str:
    """How many there are, whatever a run calls them."""
    kinds = ("utterances", "sentences", "texts", "records", "documents", "pairs", "tokens")
    return next((f"{one[kind]:,} {kind}" for kind in kinds if isinstance(one.get(kind), int)), "-")


def _cell(text: str) -> str:
    """Text that ends no cell and begins no markup."""
    plain = " ".join(text.split())
    return re.sub(r"([|<>`*\[\]])", r"\\\1", plain)
