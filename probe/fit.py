"""Which kinship of languages does a representation follow? Descent, place, script, subwords.

    python -m probe.fit
    python -m probe.fit --scores transfer.tsv           # source, target, score: what predicts it?
    python -m probe.fit --run runs/probe-multilingual-e5-small-tatoeba-1f2e3d4c5b6a

Similarities of languages (cosines of their means, alignment of their sentences, retrieval between
each two of them), or scores of transfer from a file, or of a run of `probe.retrieve`, beside
genealogy (Glottolog's tree), geography (great circles), overlap of scripts and of subwords: Mantel
tests of each, and a regression on all with standardised weights. The folder holds config.json,
similarity.tsv, scores.json and report.html.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.access import Access
from data.errors import InputError
from data.options import check, command, command_line, identity_of, option, to_json
from probe.encoded import Advance, EncodingOptions

if TYPE_CHECKING:
    from models.encoder import Encoder
    from probe.fit_report import Agreement
    from probe.mantel import Fitted, Table
    from probe.many_way import ManyWay

SIMILARITY = "similarity.tsv"
Outcomes = Mapping[str, tuple[Any, Any]]  # by name pairs (n, 2) of languages, and values (n,)
COLUMNS = ("source", "target", "score")
CONSTANT = "the same for all pairs, so that it explains nothing"
PREDICTORS = ("genealogy", "geography", "script", "subwords")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit(EncodingOptions):
    """What `python -m probe.fit` is asked for.

    Attributes:
        scores: a table of transfer scores; run: a folder of `probe.retrieve`. Without either the
            languages are compared in the representation itself.
    """

    layer: str = option("last", "last, or a number (0: the embeddings)")
    scores: Path | None = option(None, "a .tsv file: source, target, score", metavar="FILE")
    run: Path | None = option(None, "the folder of a run of probe.retrieve", metavar="FOLDER")
    permutations: int = option(999, "of languages, for the tests", least=99)

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        check(self)
        if self.scores and self.run:
            raise InputError("--scores and --run are two outcomes; give one of them")


def agree(config: Fit, access: Access = Access(), advance: Advance | None = None) -> Agreement:
    """Compare, test, write.

    Raises:
        InputError: a set, language, model, layer or file that does not exist or is damaged, fewer
            than six languages, a model without a tokenizer.
        UnavailableError: a file or a package cannot be had.
    """
    from data.files import sha256_file
    from probe.encoded import opened
    from probe.fit_report import Agreement
    from probe.mantel import FEWEST
    from probe.many_way import many_way
    from runfolder.folder import RunKind, run_folder

    kind = RunKind("probe.fit", {"corpus": str, "permutations": int}, (SIMILARITY,))
    texts = many_way(config.corpus, config.lang, limit=config.limit, least=FEWEST, access=access)
    file = config.scores or (config.run and config.run / "languages.jsonl")
    given, left_out = _given(config, texts)
    encoder = opened(config, access)
    layer = _layer(config, encoder)
    identity = {
        **identity_of(config),
        "encoder": encoder.signature,
        "layer": layer,
        "sha256": texts.sha256,
        "outcome": sha256_file(file) if file else "",
    }
    what = f"probe-fit-{encoder.name}-{texts.corpus}".replace("/", "-")
    with run_folder(kind, what, identity, out=config.out, options=to_json(config)) as run:
        predictors, notes = predicted(texts, encoder, access)
        usable = _usable(texts, predictors)
        notes += left_out
        outcomes = given or _represented(texts, encoder, layer, config, usable, access, advance)
        fitted, constant = _fitted(outcomes, predictors, usable, config)
        notes += constant
        if lacking := [code for code, one in zip(texts.codes, usable, strict=True) if not one]:
            notes.append(f"left out, for their family or place is not known: {', '.join(lacking)}")
        signature = f"model:{encoder.signature}|pooling:{config.pooling}|set:{texts.corpus}"
        signature += f"|layer:{layer}|permutations:{config.permutations}|seed:{config.seed}"
        told = tuple(dict.fromkeys(notes))
        done = Agreement(run.folder, texts.codes, fitted, told, signature)
        _finish(done, outcomes, predictors, command_line("probe.fit", config))
        return done


def _fitted(
    outcomes: Outcomes, predictors: Mapping[str, Table], usable: Sequence[bool], config: Fit
) -> tuple[dict[str, Fitted], list[str]]:
    """(the tests of each outcome, which predictors say nothing of it)."""
    import numpy as np

    from probe.mantel import fit

    found, notes = {}, []
    for name, (pairs, values) in outcomes.items():
        kept = [all(usable[one] for one in pair) for pair in pairs.tolist()]
        differing = {
            predictor: one
            for predictor, one in predictors.items()
            if len(np.unique(one[tuple(pairs[kept].T)])) > 1
        }
        notes += [f"{one}: {CONSTANT}" for one in predictors if one not in differing]
        found[name] = fit(
            pairs[kept],
            values[kept],
            differing,
            seed=config.seed,
            permutations=config.permutations,
        )
    return found, notes


def _layer(config: Fit, encoder: Encoder) -> int:
    from probe.retrieve import layers_of

    layers = layers_of(config.layer, encoder.depth)
    if len(layers) != 1:
        raise InputError(f"--layer {config.layer}: expected one layer, found {len(layers)}")
    return layers[0]


def predicted(
    texts: ManyWay, encoder: Encoder, access: Access = Access()
) -> tuple[dict[str, Table], list[str]]:
    """(how alike the languages are by `PREDICTORS`, what to say of them).

    Raises:
        UnavailableError: the inventory, which has trees and places, needs a package.
    """
    from data.inventory import find, load_inventory, row_of
    from probe.relatedness import by_descent, by_place, by_script, by_subwords

    inventory = load_inventory(access=access)
    rows: list[Mapping[str, Any]] = []
    for language in texts.languages:
        try:
            rows.append(row_of(inventory, find(inventory, language.individual or language.bcp47)))
        except InputError:  # a macrolanguage whose members have rows of their own
            rows.append({})
    lineages = [[*(row.get("lineage") or ()), row["glottocode"]] if row else None for row in rows]
    places = [
        (row["latitude"], row["longitude"]) if row and row["latitude"] is not None else None
        for row in rows
    ]
    return {
        "genealogy": by_descent(lineages),
        "geography": by_place(places),
        "script": by_script(texts.sentences),
        "subwords": by_subwords([encoder.pieces(side) for side in texts.sentences]),
    }, [*texts.remarks]


def _usable(texts: ManyWay, predictors: Mapping[str, Table]) -> list[bool]:
    """Which languages have no gap beside themselves."""
    import numpy as np

    return [
        all(bool(np.isfinite(table[at, at])) for table in predictors.values())
        for at in range(len(texts.codes))
    ]


def _represented(
    texts: ManyWay,
    encoder: Encoder,
    layer: int,
    config: Fit,
    usable: list[bool],
    access: Access,
    advance: Advance | None,
) -> Outcomes:
    """Each pair of languages by three measures of the representation; unreadable ones in none."""
    import numpy as np

    from probe.encoded import encode
    from probe.relatedness import cosine, kernel_alignment, retrieved

    encoded = encode(encoder, texts, [layer], config.pooling, access, advance)
    for at, code in enumerate(texts.codes):
        usable[at] = usable[at] and code not in encoded.unreadable
    every = encoded.layer(layer)
    places = [at for at, one in enumerate(usable) if one]
    vectors = {texts.codes[at]: every[texts.codes[at]] for at in places}
    if len(vectors) < 2:
        raise InputError(
            f"fit: expected languages that the model reads and whose place is known, found"
            f" {', '.join(vectors) or 'none'}; ask for more"
        )

    def tell(done: int, total: int) -> None:
        if advance:
            advance("retrieval", done, total)

    tables = {
        "cosine of means": cosine(vectors),
        "alignment": kernel_alignment(vectors),
        "retrieval": retrieved(vectors, tell),
    }
    left, right = np.triu_indices(len(places), 1)
    pairs = np.stack((np.array(places)[left], np.array(places)[right]), axis=1)
    return {name: (pairs, table[left, right]) for name, table in tables.items()}


def _given(config: Fit, texts: ManyWay) -> tuple[Outcomes, list[str]]:
    """(outcomes of a file or a run, what was left out); none where neither was given."""
    import numpy as np

    if config.scores:
        named = {"score": list(_table(config.scores))}
    elif config.run:
        named = _run(config.run)
    else:
        return {}, []
    outcomes: dict[str, tuple[Any, Any]] = {}
    absent: set[str] = set()
    for name, rows in named.items():
        pairs, values = [], []
        for source, target, value in rows:
            places = [_place(texts, one) for one in (source, target)]
            absent |= {one for one, at in zip((source, target), places, strict=True) if at is None}
            if None not in places and places[0] != places[1]:
                pairs.append(places)
                values.append(value)
        if not pairs:
            raise InputError(
                f"{config.scores or config.run}: expected pairs of languages that {texts.corpus}"
                " has, found none; give another --corpus"
            )
        outcomes[name] = np.array(pairs, np.int64), np.array(values, np.float64)
    told = f"left out, for {texts.corpus} has no texts of theirs: {', '.join(sorted(absent))}"
    return outcomes, [told] if absent else []


def _place(texts: ManyWay, text: str) -> int | None:
    """Where a language stands; None where the set lacks it.

    Raises:
        InputError: there is no such language.
    """
    from data.languages import resolve

    if text in texts.codes:
        return texts.codes.index(text)
    code = resolve(text).code_in(texts.codes)
    return None if code is None else texts.codes.index(code)


def _table(path: Path) -> Iterator[tuple[str, str, float]]:
    """Source, target and score of each line."""
    import math

    from data.languages import resolve
    from data.tsv import read_tsv

    for row in read_tsv(path, COLUMNS, header=True):
        source, target, text = row.cells
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise InputError(f'{path}:{row.line}: expected a number as score, found "{text}"')
        for one in (source, target):
            try:
                resolve(one)
            except InputError as error:
                raise InputError(f"{path}:{row.line}: {error}") from error
        yield source, target, value


def _run(folder: Path) -> dict[str, list[tuple[str, str, float]]]:
    """From each language into English, by set and measure, in the last layer of a run."""
    from probe.retrieve import RECORDS
    from runfolder.records import read_records

    path = folder / RECORDS
    if not path.is_file():
        raise InputError(f"{folder}: no {RECORDS}; give the folder of a run of probe.retrieve")
    shape = {"corpus": str, "code": str, "n": int, "right": {str: [int]}}
    found: dict[str, list[tuple[str, str, float]]] = {}
    for _, record in read_records(path, shape):
        layers = [int(name.partition("|")[0]) for name in record["right"] if "|" in name]
        for name, hits in record["right"].items():
            if name.count("|") == 1 and int(name.partition("|")[0]) == max(layers):
                label = f"{record['corpus']}, {name.partition('|')[2]}"
                share = sum(hits) / (2 * max(record["n"], 1))
                found.setdefault(label, []).append((record["code"], "eng", share))
    return found


def _finish(
    done: Agreement, outcomes: Outcomes, predictors: Mapping[str, Table], told: str
) -> None:
    from data.tsv import write_tsv
    from probe.fit_report import scores_of, write_report
    from runfolder.folder import write_json

    rows: dict[tuple[int, int], dict[str, float]] = {}
    for name, (pairs, values) in outcomes.items():
        for (left, right), value in zip(pairs.tolist(), values.tolist(), strict=True):
            rows.setdefault((left, right), {})[name] = value
    names = [*outcomes, *predictors]
    cells = []
    for (left, right), values in rows.items():
        every = {**values, **{name: float(t[left, right]) for name, t in predictors.items()}}
        figures = [f"{every[name]:.6f}" if name in every else "" for name in names]
        cells.append([done.codes[left], done.codes[right], *figures])
    write_tsv(done.folder / SIMILARITY, ("source", "target", *names), cells)
    scores = [score.to_dict() for score in scores_of(done)]
    write_json(
        done.folder / "scores.json",
        {
            "scores": scores,
            "fits": {
                name: {
                    "explained": one.explained,
                    "pairs": one.pairs,
                    "languages": one.languages,
                    "predictors": {
                        row.predictor: {
                            "r": row.r,
                            "p": row.p,
                            "weight": row.weight,
                            "p_weight": row.p_weight,
                        }
                        for row in one.rows
                    },
                }
                for name, one in done.fits.items()
            },
            "notes": list(done.notes),
        },
    )
    write_report(done, outcomes, told)


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; `agree` is the function beneath it."""
    return command("probe.fit", __doc__ or "", Fit, _command, argv)


def _command(config: Fit) -> int:
    from probe.fit_report import table
    from runfolder.console import carried_out

    files = f"config.json {SIMILARITY} scores.json report.html"
    return carried_out(config, agree, table, files)


if __name__ == "__main__":
    raise SystemExit(main())
