"""How far one system of bench.nlu is ahead of another, paired over utterances and seeds.

    python -m bench.nlu_paired --document docs/NLU.md
    python -m bench.nlu_paired --systems switched,gloss      # with ours
    python -m bench.nlu_paired --limit 43605 --document docs/NLU.md

Both systems learned from the same utterances of a seed. Draws are of utterances, the same ones for
both and in all languages, and, where there are several, of seeds. It goes by the parses that the
cells' folders keep; cells that cost little are made anew where theirs are gone, trained ones are
left out. Results are kept in bench/nlu_paired.jsonl, a line a pair.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.expansion import in_document
from bench.kept import markdown, read_lines, write_lines
from bench.nlu import (
    DIALECT,
    HAVE_SLOTS,
    INDUCED,
    LEXICONS,
    LIMIT,
    NAMES,
    OTHERS,
    RESAMPLES,
    SYSTEMS,
    TRAINED,
    Plan,
    chosen,
    drawn,
    groups,
    interval,
    lines_of,
    options,
)
from data.errors import KilolinguaError

KEPT = Path(__file__).with_suffix(".jsonl")
SHAPE = {
    "ahead": str,
    "of": str,
    "group": str,
    "limit": int,
    "seeds": [int],
    "differences": dict,
    "behind": dict,
}
WITH_ANY = "13 with a lexicon"
ADDED = ("switched", "agreeing", "gloss")  # to ours
PAIRS = (
    *(("ours", other, OTHERS) for other in SYSTEMS if other not in ("ours", *ADDED)),
    *((one, "ours", group) for one in ADDED for group in (WITH_ANY, DIALECT)),
)


def compared(plan: Plan, pair: tuple[str, str, str], seeds: Sequence[int]) -> dict[str, Any]:
    """The line of a pair: differences with intervals, and where the first is behind.

    Raises:
        KeyError: one of the two says nothing of a language of the group.
    """
    *systems, group = pair
    names = NAMES if all(one in HAVE_SLOTS for one in systems) else NAMES[:1]
    tests = {test.code: test for test in plan.tests}
    codes = (*LEXICONS, *INDUCED) if group == WITH_ANY else groups(list(tests))[group]
    by_seed = []  # (seeds, languages, names, 1 + RESAMPLES)
    for seed in seeds:
        first, other = (
            drawn([tests[code] for code in codes], plan.parses(one, seed), names) for one in systems
        )
        by_seed.append([np.array(first[code]) - np.array(other[code]) for code in codes])
    found = np.array(by_seed)
    seeds_drawn = np.random.default_rng(2).integers(len(seeds), size=(RESAMPLES, len(seeds)))
    values = found.mean(axis=1)  # (seeds, names, 1 + RESAMPLES)
    each = values[seeds_drawn, :, np.arange(1, 1 + RESAMPLES)[:, None]].mean(axis=1)
    rows = np.vstack([values[:, :, :1].mean(axis=0).T, each])  # (1 + RESAMPLES, names)
    by_language = found[:, :, :, 0].mean(axis=0)
    return {
        **dict(zip(("ahead", "of", "group"), pair, strict=True)),
        "limit": plan.given.limit,
        "seeds": list(seeds),
        "differences": {name: interval([rows[:, n]]) for n, name in enumerate(names)},
        "behind": {
            name: [code for code, of in zip(codes, by_language, strict=True) if of[n] < 0]
            for n, name in enumerate(names)
        },
    }


def to_compare(plan: Plan) -> Iterator[tuple[tuple[str, str, str], list[int]]]:
    """Pairs with the seeds that both have."""
    there = [(one["system"], one["seed"]) for one in lines_of(plan.given)]
    have = {
        system: {
            seed
            for name, seed in there
            if name == system and (system not in TRAINED or plan.kept(system, seed).exists())
        }
        for system in SYSTEMS
    }
    asked = {*chosen(plan.given)}
    for pair in PAIRS:
        if not asked & {*pair[:2]} - {"ours"}:
            continue
        seeds = have[pair[0]] & have[pair[1]]
        if seeds and not (pair[0] == "gloss" and pair[2] == DIALECT):
            yield pair, sorted(seeds)


def table(lines: Sequence[Mapping[str, Any]]) -> str:
    """A row a pair: differences of intent accuracy, slot F1, exact match; where it is behind."""
    rows = [["", "mean of", "seeds", *NAMES, "behind in"]]
    for one in lines:
        figures = [
            "{:+.1f} [{:.1f}, {:.1f}]".format(*one["differences"][name])
            if name in one["differences"]
            else "-"
            for name in NAMES
        ]
        behind = [f"{name}: {', '.join(of)}" for name, of in one["behind"].items() if of]
        title = f"{SYSTEMS[one['ahead']]} - {SYSTEMS[one['of']]}"
        seeds = ", ".join(map(str, one["seeds"]))
        rows.append([title, one["group"], seeds, *figures, "; ".join(behind) or "none"])
    return "\n".join(markdown(rows)) + "\n"


def main(argv: Sequence[str] | None = None) -> int:
    """Compare what can be compared here and print the table of all that was."""
    parser = options(__doc__)
    given = parser.parse_args(argv)
    try:
        plan = Plan(given)
        lines = {_key(one): one for one in read_lines(KEPT, SHAPE)}
        for pair, seeds in to_compare(plan):
            line = compared(plan, pair, seeds)
            if len(seeds) >= len(lines.get(_key(line), {"seeds": []})["seeds"]):
                lines[_key(line)] = line
        write_lines(KEPT, lines.values(), _place)
        mine = [one for one in read_lines(KEPT, SHAPE) if one["limit"] == given.limit]
        text = table(mine)
        print(text)
        if given.document:
            usual = given.limit == LIMIT
            name = "nlu-paired" if usual else f"nlu-paired-{given.limit}"
            in_document(given.document, name, text)
    except KilolinguaError as error:
        parser.exit(2, f"python -m bench.nlu_paired: error: {error}\n")
    return 0


def _key(line: Mapping[str, Any]) -> tuple[Any, ...]:
    return line["ahead"], line["of"], line["group"], line["limit"]


def _place(line: Mapping[str, Any]) -> tuple[int, int]:
    return line["limit"], PAIRS.index((line["ahead"], line["of"], line["group"]))


if __name__ == "__main__":
    raise SystemExit(main())
