"""What a finished run says of itself: coverage.json and .html, and the dataset card README.md.

    coverage = figures(tally, examples)
    write_coverage(folder, coverage, settings, language)
    card(settings, coverage, "text.txt")

Shares are percentages, 0 to 100. **Token coverage** is the share of the words read that are in
a phrase of the lexicon; **type coverage** counts every phrase of the lexicon that was met and
every word that it lacks once (the latter in the sampled lines, see `lexaug.synthesis.journal`). The
**replaced share** is of the words in what was kept, the **inflected share** and the **lemma
stands** are of the phrases that were replaced there.

`datasets.load_dataset(FOLDER)` reads the card: its YAML front matter names licence, languages and
the files with how to read them (https://huggingface.co/docs/hub/datasets-cards).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.corpus import NOT_STATED
from data.files import write_whole
from data.languages import Language
from data.terminal import printable
from lexaug.phrases import RULES
from lexaug.synthesis.formats import READ_AS
from lexaug.synthesis.journal import PRUNED, SAMPLED_STEP, SAMPLED_WHOLE, Tally

MOST_WANTED = 200
INFLECTED = ("inflected", "inflected-by-rule", "inflected-by-model")
LEMMA_STANDS = ("lemma", "lemma-unsure")


def figures(tally: Tally, examples: Sequence[Any]) -> dict[str, Any]:
    """All that coverage.json says.

    >>> from collections import Counter
    >>> counts = Counter(lines=2, kept=1, words=10, matched=6, kept_words=5, replaced_words=4,
    ...                  replaced_phrases=4)
    >>> found = figures(Tally(counts, Counter(exact=3, lemma=1), missing=Counter(goat=2)), [])
    >>> found["token_coverage"], found["replaced_share"], found["lemma_stands_share"]
    (60.0, 80.0, 25.0)
    >>> found["most_wanted"]
    [['goat', 2]]
    """
    n = tally.numbers
    phrases = n["replaced_phrases"]
    inflected, stands = (_under(tally.rules, some) for some in (INFLECTED, LEMMA_STANDS))
    types_found, types_lacking = len(tally.hits), len(tally.missing) + n[PRUNED]
    return {
        "records": n["lines"],
        "kept": n["kept"],
        "kept_share": percent(n["kept"], n["lines"]),
        "tokens": n["tokens"],
        "words": n["words"],
        "matched_words": n["matched"],
        "token_coverage": percent(n["matched"], n["words"]),
        "phrases_met": types_found,
        "types_lacking": types_lacking,
        "type_coverage": percent(types_found, types_found + types_lacking),
        "sampled_words": n["sampled_words"],
        "kept_words": n["kept_words"],
        "replaced_words": n["replaced_words"],
        "replaced_share": percent(n["replaced_words"], n["kept_words"]),
        "replaced_phrases": phrases,
        "by_rule": {rule: tally.rules[rule] for rule in (*RULES, *_further(tally.rules))},
        "inflected_share": percent(inflected, phrases),
        "lemma_stands_share": percent(stands, phrases),
        "straddling_phrases": n["straddling"],
        **_english_left(n),
        "dropped": _by_count(tally.dropped),
        "repaired": _by_count(tally.repaired),
        "most_wanted": _most_common(tally.missing, MOST_WANTED),
        "most_used": _most_common(tally.hits, MOST_WANTED),
        "sampled": f"lines 1 to {SAMPLED_WHOLE:,} and every {SAMPLED_STEP}th after them",
        "examples": list(examples),
    }


def _further(rules: Mapping[str, int]) -> list[str]:
    """Rules that only runs with a transfer have."""
    return sorted(rule for rule, count in rules.items() if count and rule not in RULES)


def _english_left(numbers: Mapping[str, int]) -> dict[str, Any]:
    """Of the words written, those that are English still; only where a transfer counted them."""
    if not numbers.get("shown_words"):
        return {}
    left, shown = numbers.get("english_left", 0), numbers["shown_words"]
    return {
        "written_words": shown,
        "english_left": left,
        "english_left_share": percent(left, shown),
    }


def percent(part: int, whole: int) -> float | None:
    """A share on 0-100 to two places; None of nothing.

    >>> percent(1, 3), percent(0, 0)
    (33.33, None)
    """
    return round(100 * part / whole, 2) if whole else None


def write_coverage(
    folder: Path,
    coverage: Mapping[str, Any],
    settings: Mapping[str, Any],
    target: Language,
    command: str = "",
) -> None:
    """Write coverage.json and coverage.html into the run folder."""
    text = json.dumps(coverage, ensure_ascii=False, indent=1)
    write_whole(folder / "coverage.json", f"{text}\n")
    write_whole(folder / "coverage.html", page(coverage, settings, target, command))


def page(
    coverage: Mapping[str, Any], settings: Mapping[str, Any], target: Language, command: str = ""
) -> str:
    """The HTML page: one file that opens without a network; text from corpora is escaped."""
    from runfolder.page import language_attributes, render

    text, lexicon = settings["text"], settings["lexicon"]
    return render(
        "lexaug.synthesis",
        "coverage.html.j2",
        title=f"{target.name} from {text['name']}",
        command=command,
        settings={
            "text": f"{text['name']} ({text['licence']})",
            "lexicon": f"{lexicon['name']} ({lexicon['licence']}), sha256 {lexicon['sha256']}",
            "inflection": settings["inflection"]["description"],
            "keep rule": settings["keep_rule"],
            **settings.get("versions", {}),
        },
        found=coverage,
        run=settings,
        target=language_attributes(target),
        unit="sentences" if settings["mode"] == "tags" else "lines",
        bars=_bars(coverage),
    )


def _bars(found: Mapping[str, Any]) -> list[tuple[str, float | None, str]]:
    """(label, share, what of what) for the bars at the top of the page."""
    return [
        ("token coverage", found["token_coverage"], _of(found, "matched_words", "words", "words")),
        (
            "type coverage",
            found["type_coverage"],
            f"{found['phrases_met']:,} phrases met, {found['types_lacking']:,} words lacking",
        ),
        ("kept", found["kept_share"], _of(found, "kept", "records", "records")),
        (
            "replaced, of what was kept",
            found["replaced_share"],
            _of(found, "replaced_words", "kept_words", "words"),
        ),
        (
            "inflected, of what was replaced",
            found["inflected_share"],
            _by_whom(found, INFLECTED),
        ),
        (
            "lemma stands, of what was replaced",
            found["lemma_stands_share"],
            _by_whom(found, LEMMA_STANDS),
        ),
    ]


def _under(counts: Mapping[str, int], rules: Sequence[str]) -> int:
    return sum(counts.get(rule, 0) for rule in rules)


def _by_whom(found: Mapping[str, Any], rules: Sequence[str]) -> str:
    """How many phrases fell under some rules; of more than one rule, each by its name."""
    counts = {rule: found["by_rule"].get(rule, 0) for rule in rules}
    parts = "; ".join(f"{rule}: {count:,}" for rule, count in counts.items() if count)
    told = f" ({parts})" if sum(map(bool, counts.values())) > 1 else ""
    return f"{sum(counts.values()):,} of {found['replaced_phrases']:,} phrases{told}"


def _of(found: Mapping[str, Any], part: str, whole: str, unit: str) -> str:
    return f"{found[part]:,} of {found[whole]:,} {unit}"


def _by_count(counts: Mapping[str, int]) -> dict[str, int]:
    return {k: n for k, n in sorted(counts.items(), key=lambda one: (-one[1], one[0])) if n}


def _most_common(counts: Mapping[str, int], length: int) -> list[list[Any]]:
    """Ties in the order of the words, so that no result hangs on who counted first."""
    import heapq

    top = heapq.nsmallest(length, counts.items(), key=lambda one: (-one[1], one[0]))
    return [[word, count] for word, count in top]


# From the strictest to the freest: what the name matches, and what it asks for.
ORDER: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"CC-BY-NC-ND.*", ("attribution", "non-commercial", "no derivatives")),
    (r"CC-BY-ND.*", ("attribution", "no derivatives")),
    (r"CC-BY-NC-SA.*", ("attribution", "share-alike", "non-commercial")),
    (r"CC-BY-NC.*", ("attribution", "non-commercial")),
    (r"A?GPL.*", ("attribution", "share-alike")),
    (r"CC-BY-SA.*|ODbL.*|LGPL.*|GFDL.*", ("attribution", "share-alike")),
    (r"CC-BY.*|ODC-BY.*", ("attribution",)),
    (r"Apache.*|MIT|BSD.*", ("attribution",)),
    (r"CC0.*|PDDL.*|Unlicense", ()),
)
CONDITIONS = ("attribution", "share-alike", "non-commercial", "no derivatives", NOT_STATED)
_HUB = re.compile(r"(cc-by(-nc)?(-nd|-sa)?-[1-4]\.[05]|cc0-1\.0|apache-2\.0|mit)")


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for a text made of several sources.

    Attributes:
        strictest: the licence that stands first in the order.
        conditions: what any of the sources asks for.
        note: what a user must look into, or "".
    """

    strictest: str
    conditions: tuple[str, ...]
    note: str

    @property
    def hub(self) -> str:
        """The licence as the Hugging Face hub spells it; `other` for what it does not list."""
        name = self.strictest.lower()
        if self.strictest == NOT_STATED:
            return "unknown"
        if name.startswith("gpl-"):
            return name.removesuffix("-or-later").removesuffix("-only").removesuffix(".0")
        return name if _HUB.fullmatch(name) else "other"


def combined(licences: Mapping[str, str]) -> Terms:
    """The terms of a text made of these sources, {what: SPDX identifier or "not stated"}."""
    by_rank = sorted(set(licences.values()), key=lambda one: (_rank(one), one))
    found = {condition for licence in by_rank for condition in _conditions(licence)}
    conditions = tuple(condition for condition in CONDITIONS if condition in found)
    return Terms(by_rank[0], conditions, _note(licences, conditions))


def _rank(licence: str) -> int:
    """0 for the strictest; a name that is not in the order counts as not stated."""
    places = (i for i, (names, _) in enumerate(ORDER, 1) if re.fullmatch(names, licence))
    return next(places, 0)


def _conditions(licence: str) -> tuple[str, ...]:
    rank = _rank(licence)
    return ORDER[rank - 1][1] if rank else (NOT_STATED,)


def _note(licences: Mapping[str, str], conditions: tuple[str, ...]) -> str:
    stated = {licence for licence in licences.values() if _rank(licence)}
    sharing = {licence for licence in stated if "share-alike" in _conditions(licence)}
    notes = []
    unknown = [what for what, licence in licences.items() if not _rank(licence)]
    if unknown:
        notes.append(f"Find out under which licence the {' and the '.join(unknown)} may be used.")
    if len(sharing) > 1 or (sharing and any(map(_restricts, stated - sharing))):
        notes.append(
            f"{' and '.join(sorted(stated))} may not be met together when the text is passed on:"
            " ask the rights holders first."
        )
    if "no derivatives" in conditions:
        notes.append("A source forbids derivatives: keep the text to yourself.")
    return " ".join(notes)


def _restricts(licence: str) -> bool:
    return bool({"non-commercial", "no derivatives"} & set(_conditions(licence)))


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
    rows = [(name.replace("_", " "), _shown_share(found[name])) for name in shares]
    counts = [(name, f"{found[name]:,}") for name in ("records", "kept")]
    dropped = [(f"dropped: {reason}", f"{count:,}") for reason, count in found["dropped"].items()]
    return [("figure", "value"), *counts, *dropped, *rows]


def _shown_share(share: float | None) -> str:
    return "none" if share is None else f"{share:.1f} %"


def _shown(value: Any) -> str:
    return "none" if value is None else str(value)


def _table(rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; a bar inside a cell is escaped."""
    cells = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    head, *body = [f"| {' | '.join(row)} |" for row in cells]
    return "\n".join([head, f"|{' --- |' * len(rows[0])}", *body]) + "\n"
