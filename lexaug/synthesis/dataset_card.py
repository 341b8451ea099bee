"""README.md of a run folder: a dataset card that `datasets.load_dataset(FOLDER)` reads.

The YAML front matter names licence, languages and the files with how to read them
(https://huggingface.co/docs/hub/datasets-cards); the text below says what the data set is made
of, under which terms, and how much of it the lexicon covered.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from data.terminal import printable
from lexaug.synthesis.formats import READ_AS

SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
    (100_000_000, "10M<n<100M"),
    (1_000_000_000, "100M<n<1B"),
)
MADE = {
    "mono": "{language} text, one line a record, made from English text word by word",
    "switch": "English text with some of its words in {language}, one line a record",
    "parallel": "English lines and what became of them in {language}, word by word",
    "tags": "labelled sentences in {language}, made from English ones word by word; the labels"
    " were carried over",
}
TASKS = {"mono": "text-generation", "switch": "text-generation", "parallel": "translation",
         "tags": "token-classification"}  # fmt: skip


def card(settings: Mapping[str, Any], found: Mapping[str, Any], records: str) -> str:
    """The whole README.md.

    Args:
        settings: the run's config.json.
        found: its coverage.json.
        records: the file or pattern of the records.
    """
    page = f"---\n{_yaml(_front(settings, found, records))}---\n\n{_text(settings, found)}"
    return printable(page)  # names of files and licences are anybody's


def size_category(records: int) -> str:
    """The hub's name for a size.

    >>> size_category(999), size_category(50_000)
    ('n<1K', '10K<n<100K')
    """
    return next((name for limit, name in SIZES if records < limit), "n>1B")


def _front(settings: Mapping[str, Any], found: Mapping[str, Any], records: str) -> dict[str, Any]:
    mode, form = settings["mode"], settings["format"]
    configs: list[dict[str, Any]] = [
        {
            "config_name": "default",
            "data_files": records,
            "default": True,
            **READ_AS.get((form, mode), {}),
        }
    ]
    with_english = ["en"] if mode in ("switch", "parallel") else []
    return {
        "license": settings["licence"]["hub"],
        "language": [*with_english, settings["language"]],
        "pretty_name": _title(settings),
        "task_categories": [TASKS[mode]],
        "size_categories": [size_category(found["kept"])],
        "tags": ["synthetic", "bilingual-lexicon", "low-resource"],
        "source_datasets": [settings["text"]["name"], settings["lexicon"]["name"]],
        "configs": configs,
    }


def _yaml(value: Mapping[str, Any]) -> str:
    """YAML whose values are written as JSON, which YAML contains: no quoting to get wrong."""
    lines = []
    for name, content in value.items():
        if isinstance(content, list) and content and isinstance(content[0], dict):
            lines.append(f"{name}:")
            for one in content:
                rows = [f"{key}: {_json(item)}" for key, item in one.items()]
                lines += [f"- {rows[0]}", *(f"  {row}" for row in rows[1:])]
        else:
            lines.append(f"{name}: {_json(content)}")
    return "".join(f"{line}\n" for line in lines)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _title(settings: Mapping[str, Any]) -> str:
    return f"Synthetic {settings['language_name']} ({settings['mode']})"


def _text(settings: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    terms, lexicon, text = settings["licence"], settings["lexicon"], settings["text"]
    made = MADE[settings["mode"]].format(language=settings["language_name"])
    notes = [f"> {note}\n" for note in (*settings["notes"], terms["note"]) if note]
    conditions = ", ".join(terms["conditions"]) or "none"
    sections = [
        f"# {_title(settings)}\n",
        f"This is {made}. No person wrote or checked it: it is training data, not evidence of how"
        " the language is used. It was made by `python -m lexaug.synthesize` of kilolingua after"
        " Wang, Ruder and Neubig (2022), https://aclanthology.org/2022.acl-long.61/.\n",
        *notes,
        "## Licence\n",
        f"The strictest licence of its sources is **{terms['strictest']}**"
        f" (conditions of all sources together: {conditions}).\n",
        _table(
            [
                ("source", "name", "licence"),
                ("text", text["name"], text["licence"]),
                ("lexicon", lexicon["name"], lexicon["licence"]),
                *_tables(settings),
            ]
        ),
        "## Settings\n",
        _table(_settings(settings)),
        "## Coverage\n",
        _table(_coverage(found)),
        "More, with examples and the words that the lexicon lacks, is in `coverage.html` and"
        " `coverage.json`.\n",
        "## Use\n",
        "```python\nfrom datasets import load_dataset\n\n"
        'dataset = load_dataset("path/to/this/folder", split="train")\n```\n',
    ]
    return "\n".join(section for section in sections if section)


def _tables(settings: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    tables = settings["inflection"]["tables"]
    forms = [one for one in tables if one["use"] == "forms"]  # analysis puts no word in the text
    return [("inflection", one["name"], one["licence"]) for one in forms]


def _settings(settings: Mapping[str, Any]) -> list[tuple[str, ...]]:
    names = ("mode", "policy", "ratio", "keep_rule", "format", "limit", "seed", "scheme")
    rows = [(name.replace("_", " "), _shown(settings[name])) for name in names]
    lexicon = settings["lexicon"]
    return [
        ("setting", "value"),
        *rows,
        ("inflection", settings["inflection"]["description"]),
        ("lexicon entries", f"{lexicon['entries']:,}"),
        ("lexicon sha256", lexicon["sha256"]),
    ]


def _coverage(found: Mapping[str, Any]) -> list[tuple[str, ...]]:
    shares = (
        "token_coverage", "type_coverage", "kept_share", "replaced_share", "inflected_share",
        "lemma_stands_share",
    )  # fmt: skip
    rows = [(name.replace("_", " "), _percent(found[name])) for name in shares]
    counts = [(name, f"{found[name]:,}") for name in ("records", "kept")]
    dropped = [(f"dropped: {reason}", f"{count:,}") for reason, count in found["dropped"].items()]
    return [("figure", "value"), *counts, *dropped, *rows]


def _percent(share: float | None) -> str:
    return "none" if share is None else f"{share:.1f} %"


def _shown(value: Any) -> str:
    return "none" if value is None else str(value)


def _table(rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; a bar inside a cell is escaped."""
    cells = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    head, *body = [f"| {' | '.join(row)} |" for row in cells]
    return "\n".join([head, f"|{' --- |' * len(rows[0])}", *body]) + "\n"
