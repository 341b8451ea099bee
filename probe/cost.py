"""What does a language cost under a tokenizer? Pieces of the same sentences, beside English.

    python -m probe.cost
    python -m probe.cost --model multilingual-e5-small,smollm2-135m-instruct --lang swh,amh,mya
    python -m probe.cost --model runs/tokenizer/tokenizer.json --corpus mine.tsv

For each language and tokenizer: the premium (how many times as many pieces as English has for the
same sentences), pieces a word, what is unknown or cut below characters, and the share of the
vocabulary that is in the language's script; beside them characters and bytes, which are no
tokenizer's doing. The folder holds config.json, languages.jsonl, scores.json and report.html; the
same command goes on where a killed one stopped, to the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.access import Access
from data.errors import InputError
from data.options import check, command, command_line, common, identity_of, option, to_json

if TYPE_CHECKING:
    from probe.corpora import Bitext
    from probe.cost_report import Costs
    from probe.tokens import Counts, Cutter

RECORDS = "languages.jsonl"
FIGURES = ("premium", "pieces_a_word", "characters", "bytes")  # value, low, high
SHAPE = {
    "model": str,
    "code": str,
    "language": str,
    "script?": str,
    "scripts": [str],
    "n": int,
    "pieces": int,
    "words": int,
    "unknown": float,
    "parts": float,
    "vocabulary": float,
    "premium": [float],
    "pieces_a_word?": [float],
    "characters": [float],
    "bytes": [float],
}
Advance = Callable[[str, float, float | None], None]


@dataclass(frozen=True, slots=True)
class Cost:
    """What `python -m probe.cost` is asked for.

    Attributes:
        corpus: a set with English beside each language, or a .tsv file with a column a language.
    """

    model: tuple[str, ...] = option(
        ("multilingual-e5-small",),
        "tokenizers: catalog names, folders, tokenizer.json files, hub ids",
        separator=",",
        metavar="NAMES",
    )
    corpus: str = option("sib200", "a set with English beside each language, or a table of yours")
    lang: str = common("--lang", "all", help="codes and names with commas between, or all")
    limit: int | None = common("--limit", least=2)
    seed: int = common("--seed", least=0)
    offline: bool = common("--offline", identity=False)
    out: Path | None = common("--out", identity=False)

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        check(self)
        if twice := next((one for one in self.model if self.model.count(one) > 1), None):
            raise InputError(f"--model: {twice} is named twice; name it once")


def cost(config: Cost, access: Access = Access(), advance: Advance | None = None) -> Costs:
    """Count every language that was asked for under every tokenizer.

    Args:
        advance: called with (corpus, languages done, of how many).

    Raises:
        InputError: a set, language or model that does not exist, a model without a tokenizer.
        UnavailableError: a file or a package cannot be had.
    """
    from models.tokenizer import open_named_tokenizer
    from probe.many_way import not_at_hand
    from probe.tokens import Cutter
    from runfolder.folder import RunKind, run_folder
    from runfolder.records import RecordFile

    kind = RunKind("probe.cost", {"model": [str], "corpus": str}, (RECORDS,))
    unavailable: list[str] = []
    codes, read = _corpus(config, unavailable, access)
    opened = [open_named_tokenizer(name, access) for name in config.model]
    names = tuple(f"{name}@{revision}" for name, revision, _ in opened)
    identity = {**identity_of(config), "model": list(names), "languages": codes}
    what = f"probe-cost-{'+'.join(name for name, _, _ in opened)}".replace("/", "-")
    with run_folder(kind, what, identity, out=config.out, options=to_json(config)) as run:
        records = RecordFile(run.folder / RECORDS, SHAPE)
        done = {(one["code"], one["model"]) for one in records}
        missing = [code for code in codes if any((code, name) not in done for name in names)]
        cutters: dict[str, Cutter] = {}
        if missing:
            cutters = {name: Cutter(one) for name, (_, _, one) in zip(names, opened, strict=True)}
        counter = _Counter(cutters, config)
        for number, bitext in enumerate(read(missing), 1):
            found = list(counter.records(bitext))
            records.append([one for one in found if (one["code"], one["model"]) not in done])
            if advance:
                advance(config.corpus, len(codes) - len(missing) + number, len(codes))
        by_key = {(one["code"], one["model"]): one for one in records}
        records.close()
        had = [code for code in codes if code not in unavailable]
        ordered = tuple(by_key[code, name] for code in had for name in names)
        notes = not_at_hand(config.corpus, unavailable)
        return _finish(run.folder, config, names, ordered, notes, access)


def _corpus(
    config: Cost, unavailable: list[str], access: Access
) -> tuple[list[str], Callable[[Sequence[str]], Iterator[Bitext]]]:
    """The codes of the languages, and what reads some of them beside English.

    Args:
        unavailable: takes those of "all" whose files cannot be had.
    """
    from probe.corpora import Bitext, codes_in
    from probe.many_way import at_hand, is_table, many_way

    if not is_table(config.corpus):
        codes = codes_in(config.corpus, config.lang, access)
        if not codes:
            raise InputError(
                f"--lang {config.lang}: English is what others are compared with; name another"
            )
        absent = unavailable if config.lang == "all" else None
        return codes, lambda missing: at_hand(config.corpus, missing, absent, access)
    lang = config.lang if config.lang == "all" else f"en,{config.lang}"
    table = many_way(config.corpus, lang)
    try:
        place = table.place("en")
    except InputError as error:
        raise InputError(
            f"{config.corpus}:1: expected a column in English (en), with which the others are"
            f" compared, found {', '.join(table.codes)}; add one"
        ) from error
    codes = [code for number, code in enumerate(table.codes) if number != place]
    if not codes:
        raise InputError(
            f"--lang {config.lang}: English is what others are compared with; name another"
        )

    def read(missing: Sequence[str]) -> Iterator[Bitext]:
        for code in missing:
            at = table.codes.index(code)
            sides = table.sentences[at], table.sentences[place]
            yield Bitext(table.corpus, code, table.languages[at], *sides)

    return codes, read


class _Counter:
    """Counts languages; the English side is counted once for as long as it stays the same."""

    def __init__(self, cutters: Mapping[str, Cutter], config: Cost) -> None:
        self._cutters, self._config = cutters, config
        self._texts: tuple[str, ...] = ()
        self._english: dict[str, Counts] = {}

    def records(self, bitext: Bitext) -> Iterator[dict[str, Any]]:
        """A record for each tokenizer."""
        from probe.tokens import has_words, scripts_used, words_of

        texts = bitext.sentences[: self._config.limit]
        theirs = bitext.english[: self._config.limit]
        if theirs != self._texts:
            spans = words_of(theirs)
            self._english = {name: one.counts(theirs, spans) for name, one in self._cutters.items()}
            self._texts = theirs
        spans, used, spaced = words_of(texts), scripts_used(texts), has_words(texts)
        for name, cutter in self._cutters.items():
            mine = cutter.counts(texts, spans)
            yield {
                "model": name,
                "code": bitext.code,
                "language": bitext.language.bcp47,
                "script": bitext.language.script,
                "scripts": list(used),
                "n": len(texts),
                **_figures(mine, self._english[name], self._config.seed, spaced=spaced),
                "vocabulary": _vocabulary(cutter, used),
            }


def _vocabulary(cutter: Cutter, used: Sequence[str]) -> float:
    from probe.tokens import vocabulary_share

    return round(vocabulary_share(cutter.scripts, used), 4)


def _figures(mine: Counts, english: Counts, seed: int, *, spaced: bool) -> dict[str, Any]:
    """Ratios with intervals over sentences, drawn in pairs, and shares."""
    import numpy as np

    from metrics.significance import bootstrap_totals, percentile_interval
    from probe.summary import RESAMPLES
    from probe.tokens import COLUMNS

    at = {name: number for number, name in enumerate(COLUMNS)}
    both = np.concatenate((mine, english), axis=1)
    draws = bootstrap_totals(both.tolist(), resamples=RESAMPLES, seed=seed).T
    sums = both.sum(axis=0)
    beside = len(COLUMNS)
    ratios = {
        "premium": (at["pieces"], beside + at["pieces"]),
        "characters": (at["characters"], beside + at["characters"]),
        "bytes": (at["bytes"], beside + at["bytes"]),
    }
    if spaced and sums[at["words"]]:
        ratios["pieces_a_word"] = (at["word_pieces"], at["words"])
    found: dict[str, Any] = {"pieces_a_word": None}
    for name, (above, below) in ratios.items():
        low, high = percentile_interval(draws[above] / np.maximum(draws[below], 1))
        value = sums[above] / max(sums[below], 1)
        found[name] = [round(float(one), 4) for one in (value, low, high)]
    return {
        **found,
        "pieces": int(sums[at["pieces"]]),
        "words": int(sums[at["words"]]),
        "unknown": round(float(sums[at["unknown"]] / max(sums[at["letters"]], 1)), 4),
        "parts": round(float(sums[at["parts"]] / max(sums[at["pieces"]], 1)), 4),
    }


def _finish(
    folder: Path,
    config: Cost,
    models: tuple[str, ...],
    records: tuple[Mapping[str, Any], ...],
    notes: list[str],
    access: Access,
) -> Costs:
    from probe.cost_report import Costs, averages_of, scores_of, write_report
    from probe.places import places_of
    from probe.summary import is_readable
    from runfolder.folder import write_json

    places, unknown = places_of([one["code"] for one in records], access)
    notes += unknown
    averages = tuple(averages_of(records, places, config.corpus, config.seed))
    for model in models:
        unreadable = [r["code"] for r in records if r["model"] == model and not is_readable(r)]
        if unreadable:
            notes.append(
                f"not representable: most of their letters are in no piece of"
                f" {model.partition('@')[0]}: {', '.join(unreadable)}; an unknown word is one"
                " piece, so that their premium means nothing and is in no average"
            )
    done = Costs(folder, models, records, averages, tuple(notes))
    write_json(
        folder / "scores.json",
        {
            "averages": [score.to_dict() for score in averages],
            "languages": [
                {
                    **record,
                    "scores": [
                        one.to_dict() for one in scores_of(record, config.corpus, config.seed)
                    ],
                }
                for record in records
            ],
            "notes": notes,
        },
    )
    write_report(done, places, command_line("probe.cost", config))
    return done


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; `cost` is the function beneath it."""
    return command("probe.cost", __doc__ or "", Cost, _command, argv)


def _command(config: Cost) -> int:
    from probe.cost_report import table
    from runfolder.console import carried_out

    files = f"config.json {RECORDS} scores.json report.html"
    return carried_out(config, cost, table, files)


if __name__ == "__main__":
    raise SystemExit(main())
