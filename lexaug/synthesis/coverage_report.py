"""How much of a text a lexicon covered, and what became of it: coverage.json and coverage.html.

    write_coverage(folder, figures(tally, examples), description)

Shares are percentages, 0 to 100. **Token coverage** is the share of the words read that stand in
a phrase of the lexicon; **type coverage** counts every phrase of the lexicon that was met and
every word that it lacks once (the latter in the sampled lines, see `lexaug.synthesis.tally`). The
**replaced share** is of the words in what was kept, the **inflected share** and the **lemma
stands** are of the phrases that were replaced there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from data.files import write_whole
from data.languages import Language, is_right_to_left
from data.pages import page_template
from lexaug.phrases import RULES
from lexaug.synthesis.tally import PRUNED, SAMPLED_STEP, SAMPLED_WHOLE, Tally

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
        "by_rule": {rule: tally.rules[rule] for rule in RULES},
        "inflected_share": percent(inflected, phrases),
        "lemma_stands_share": percent(stands, phrases),
        "straddling_phrases": n["straddling"],
        "dropped": _by_count(tally.dropped),
        "repaired": _by_count(tally.repaired),
        "most_wanted": _most_common(tally.missing, MOST_WANTED),
        "most_used": _most_common(tally.hits, MOST_WANTED),
        "sampled": f"lines 1 to {SAMPLED_WHOLE:,} and every {SAMPLED_STEP}th after them",
        "examples": list(examples),
    }


def percent(part: int, whole: int) -> float | None:
    """A share on 0-100 to two places; None of nothing.

    >>> percent(1, 3), percent(0, 0)
    (33.33, None)
    """
    return round(100 * part / whole, 2) if whole else None


def write_coverage(
    folder: Path, found: Mapping[str, Any], settings: Mapping[str, Any], target: Language
) -> None:
    """Write coverage.json and coverage.html into the run folder."""
    import json

    text = json.dumps(found, ensure_ascii=False, indent=1)
    write_whole(folder / "coverage.json", f"{text}\n")
    write_whole(folder / "coverage.html", page(found, settings, target))


def page(found: Mapping[str, Any], settings: Mapping[str, Any], target: Language) -> str:
    """The HTML page: one file that opens without a network; text from corpora is escaped."""
    return page_template("lexaug.synthesis", "coverage.html.j2").render(
        found=found,
        settings=settings,
        target=target,
        direction="rtl" if is_right_to_left(target) else "ltr",
        unit="sentences" if settings["mode"] == "tags" else "lines",
        bars=_bars(found),
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
