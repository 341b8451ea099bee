"""Does a sentence lie nearest to its translation? By language, layer and measure.

    python -m probe.retrieve --model multilingual-e5-small --corpus tatoeba --lang swh,amh,xho
    python -m probe.retrieve --model multilingual-e5-small --corpus sib200,ntrex-128 --lang all \\
        --layers all

For each language the share of sentences whose nearest neighbour among the English ones is their
translation, and the other way round, beside what letters and lengths get for nothing. The folder
holds config.json, languages.jsonl, scores.json and report.html; the same command goes on where a
killed one stopped, to the same bytes, with however many --workers.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from data.access import Access
from data.errors import InputError
from data.files import sha256_file
from data.options import check, command, command_line, common, identity_of, option, to_json
from models.encoder import POOLINGS

if TYPE_CHECKING:
    from collections.abc import Callable

    from metrics.score import Score
    from models.encoder import Encoder
    from probe.corpora import Bitext
    from probe.summary import Retrieved

MEASURES = ("cosine", "cosine+csls", "centred", "centred+csls")
ENGLISH_KEPT = 2  # English sides, encoded: in SIB-200 and NTREX it is the same for all languages
LEAST = 2  # sentences: one half for the means, one to be scored
HELD_OUT = "held-out"  # means of one half of the sentences, scores of the other
COMMAND = "probe.retrieve"
RECORDS = "languages.jsonl"
SHAPE = {
    "corpus": str,
    "code": str,
    "language": str,
    "script?": str,
    "n": int,
    "unknown": float,
    "sha256": str,
    "right": {str: [int]},
    "remarks": [str],
}


@dataclass(frozen=True, slots=True)
class Retrieval:
    """What `python -m probe.retrieve` is asked for.

    Attributes:
        layers: "last", "all", or numbers with commas between; 0 are the embeddings.
        limit: sentences of a language, the first ones.
    """

    model: str = option(
        "multilingual-e5-small", "a catalog name, a folder, a hub id@commit", metavar="NAME"
    )
    corpus: tuple[str, ...] = option(
        ("tatoeba",), "sets or files, English beside each language", separator=",", metavar="NAMES"
    )
    lang: str = common("--lang", "all", help="codes and names with commas between, or all")
    layers: str = option("last", "last, all, or numbers: 0,6,12 (0: the embeddings)")
    measures: tuple[str, ...] = option(
        MEASURES, "cosine, shift, centred, each also with +csls and +margin", separator=","
    )
    pooling: str = option("mean", "of a text's pieces", choices=POOLINGS)
    prefix: str = option(
        "", 'before each text: a name in the model\'s prompts ("query"), or a text (default: none)'
    )
    lexicon: str | None = option(
        None, "also what glossing each word gets: gatitos, freedict, or a file", metavar="NAME"
    )
    limit: int | None = common("--limit", least=LEAST)
    seed: int = common("--seed", least=0)
    device: str = common("--device")
    dtype: str = common("--dtype", "auto", choices=("auto", "float32", "bfloat16"))
    batch_tokens: int | None = option(
        None, "pieces a batch, padding included (default 2048 on a CPU)", least=8, identity=False
    )
    workers: int = common(
        "--workers", 1, least=1, identity=False, help="languages at once, the cores shared out"
    )
    offline: bool = common("--offline", identity=False)
    out: Path | None = common("--out", identity=False)

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        from probe.retrieval import check_measure

        check(self)
        for measure in self.measures:
            check_measure(measure)
        for name, given in (("--corpus", self.corpus), ("--measures", self.measures)):
            if twice := next((one for one in given if given.count(one) > 1), None):
                raise InputError(f"{name}: {twice} is named twice; name it once")


def retrieve(
    config: Retrieval,
    access: Access = Access(),
    advance: Callable[[str, float, float | None], None] | None = None,
) -> Retrieved:
    """Score every language that was asked for.

    Args:
        advance: called with (corpus, languages done, of how many).

    Raises:
        InputError: a set, language, model, layer or measure that does not exist.
        UnavailableError: a file or a package cannot be had.
    """
    from data.load import is_pairs_file
    from probe.corpora import ALL, codes_in
    from probe.many_way import not_at_hand
    from runfolder.folder import RunKind, run_folder
    from runfolder.records import RecordFile

    kind = RunKind(COMMAND, {"corpus": [str], "measures": [str]}, (RECORDS,))
    codes = {name: codes_in(name, config.lang, access) for name in config.corpus}
    if not any(codes.values()):
        raise InputError(
            f"--lang {config.lang}: English is what others are compared with; name another"
        )
    encoder = _opened(config, access)
    layers = layers_of(config.layers, encoder.depth)
    identity = {**identity_of(config), "encoder": encoder.signature, "layers": layers}
    if files := {name: sha256_file(Path(name)) for name in codes if is_pairs_file(name)}:
        identity["files"] = files
    what = f"probe-{encoder.name.replace('/', '-')}-{'+'.join(Path(n).stem for n in codes)}"
    with run_folder(kind, what, identity, out=config.out, options=to_json(config)) as run:
        records = RecordFile(run.folder / RECORDS, SHAPE)
        english = English(encoder, layers, config.pooling)
        notes: list[str] = []
        for name, wanted in codes.items():
            done = {one["code"] for one in records if one["corpus"] == name}
            missing: list[str] = []
            sides = _at_hand(name, wanted, done, missing if config.lang == ALL else None, access)
            scored = in_order(
                lambda bitext: score_language(bitext, config, encoder, layers, english, access),
                sides,
                config.workers,
            )
            for record in scored:
                records.append([record])
                done.add(record["code"])
                if advance:
                    advance(name, len(done), len(wanted) - len(missing))
            notes += not_at_hand(name, missing)
        # As they stand in the file: the order of names is the same however often a run was killed.
        found = {(one["corpus"], one["code"]): one for one in records}
        records.close()
        asked = ((name, code) for name, wanted in codes.items() for code in wanted)
        ordered = tuple(found[one] for one in asked if one in found)
        return _finish(run.folder, config, encoder, layers, ordered, notes, access)


def _opened(config: Retrieval, access: Access) -> Encoder:
    from models.encoder import open_encoder

    encoder = open_encoder(
        config.model,
        prefix=config.prefix,
        device=config.device,
        dtype=config.dtype,
        access=access,
    )
    encoder.batch_tokens = config.batch_tokens or encoder.batch_tokens
    return encoder


def _at_hand(
    name: str,
    wanted: Sequence[str],
    done: Sequence[str] | set[str],
    missing: list[str] | None,
    access: Access,
) -> Iterator[Bitext]:
    """The languages that are not done yet; `missing` takes those whose files cannot be had."""
    from data.download import NoSourceError
    from probe.many_way import at_hand

    rest = [code for code in wanted if code not in done]
    try:
        yield from at_hand(name, rest, missing, access)
    except NoSourceError:
        if missing is None or not done:
            raise
        missing[:] = rest


def in_order(
    score: Callable[[Bitext], dict[str, Any]], bitexts: Iterable[Bitext], workers: int
) -> Iterator[dict[str, Any]]:
    """The languages' records in their order, of which a few are made at once.

    They are threads, which share the encoder: what they wait for is computed outside Python.
    """
    if workers == 1:
        yield from map(score, bitexts)
        return
    import torch

    share = max(1, torch.get_num_threads() // workers)
    waiting: deque[Future[dict[str, Any]]] = deque()
    with ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(share,)) as pool:
        try:
            for bitext in bitexts:
                waiting.append(pool.submit(score, bitext))
                if len(waiting) > workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def layers_of(text: str, depth: int) -> list[int]:
    """The layers that were asked for.

    >>> layers_of("all", 3), layers_of("last", 3), layers_of("0,2", 3)
    ([0, 1, 2, 3], [3], [0, 2])
    """
    if text in ("all", "last"):
        return list(range(depth + 1)) if text == "all" else [depth]
    if not re.fullmatch(r"\s*\d{1,9}\s*(,\s*\d{1,9}\s*)*", text):
        raise InputError(
            f'--layers "{text}": expected last, all, or numbers from 0 (the embeddings) to {depth}'
            " with commas between"
        )
    found = [int(part) for part in text.split(",")]
    if beyond := [layer for layer in found if layer > depth]:
        raise InputError(
            f'--layers "{text}": the model has 0 (its embeddings) to {depth}, found {beyond[0]};'
            " choose among them"
        )
    return list(dict.fromkeys(found))


class English:
    """English sides as vectors of every layer, each encoded once, by the first that asks."""

    def __init__(self, encoder: Encoder, layers: Sequence[int], pooling: str) -> None:
        self._encoder, self._layers, self._pooling = encoder, layers, pooling
        self._kept: dict[tuple[str, ...], Future[Any]] = {}
        self._lock = Lock()

    def __call__(self, texts: tuple[str, ...]) -> Any:
        """Shape (layers, texts, width)."""
        with self._lock:
            first = texts not in self._kept
            future = self._kept.setdefault(texts, Future())
            while len(self._kept) > ENGLISH_KEPT:
                del self._kept[next(iter(self._kept))]
        if first:
            try:
                future.set_result(self._encoder.layers(texts, self._layers, pooling=self._pooling))
            except BaseException as error:
                future.set_exception(error)
                raise
        return future.result()


def score_language(
    bitext: Bitext,
    config: Retrieval,
    encoder: Encoder,
    layers: Sequence[int],
    english: Callable[[tuple[str, ...]], Any],
    access: Access = Access(),
) -> dict[str, Any]:
    """The record of one language: how many are right, [into English, from it], by layer, measure.

    With `held-out` behind the measure, means are of one half and the figures of the other, among
    half as many candidates: these are to be compared with each other.
    """
    from data.languages import resolve
    from probe.baselines import BASELINES, gloss_vectors, lexicon_from
    from probe.retrieval import halves, retrieve_all

    ours = bitext.sentences[: config.limit]
    theirs = bitext.english[: config.limit]
    if len(ours) < LEAST:
        raise InputError(
            f"{bitext.corpus}: expected {LEAST} sentences or more in {bitext.code}, found"
            f" {len(ours)}; add some, or leave it out of --lang"
        )
    vectors = encoder.layers(ours, layers, pooling=config.pooling)
    others = english(theirs)
    fit, held_out = halves(len(ours), config.seed)
    right: dict[str, list[int]] = {}
    for number, layer in enumerate(layers):
        pair = vectors[number], others[number]
        every = retrieve_all(*pair, config.measures)
        unseen = retrieve_all(*pair, config.measures, fit=fit, rows=held_out)
        for measure in config.measures:
            right[f"{layer}|{measure}"] = every[measure].counts
            right[f"{layer}|{measure}|{HELD_OUT}"] = unseen[measure].counts
    free = {name: make(ours, theirs) for name, make in BASELINES.items()}
    if config.lexicon:
        words = lexicon_from(config.lexicon, bitext.language, resolve("en"), access)
        free |= {"gloss": gloss_vectors(ours, theirs, words)} if words else {}
    for name, pair in free.items():
        right[name] = retrieve_all(*pair, ("cosine",))["cosine"].counts
    return {
        "corpus": bitext.corpus,
        "code": bitext.code,
        "language": bitext.language.bcp47,
        "script": bitext.language.script,
        "n": len(ours),
        "unknown": round(encoder.unknown(ours), 4),
        "sha256": bitext.sha256,
        "right": right,
        "remarks": list(bitext.remarks),
    }


def scores_of(record: Mapping[str, Any], signature: str) -> Iterator[Score]:
    """The scores of a language: two for each layer and measure, and for each baseline."""
    from metrics.ratios import wilson_interval
    from metrics.score import Score

    for name, hits in record["right"].items():
        n = len(range(record["n"] // 2, record["n"])) if name.endswith(HELD_OUT) else record["n"]
        for direction, count in zip(("xx-en", "en-xx"), hits, strict=True):
            low, high = wilson_interval(count, n)
            yield Score(
                "retrieval",
                100 * count / n,
                low,
                high,
                f"{signature}|set:{record['corpus']}|language:{record['code']}"
                f"|measure:{name.replace('|', '/')}|direction:{direction}",
                n,
                "95% Wilson, sentences taken as independent",
            )


def _finish(
    folder: Path,
    config: Retrieval,
    encoder: Encoder,
    layers: Sequence[int],
    records: tuple[Mapping[str, Any], ...],
    remarks: Sequence[str],
    access: Access,
) -> Retrieved:
    from probe.places import places_of
    from probe.report import write_report
    from probe.summary import Retrieved, average_scores, group_scores, is_readable
    from runfolder.folder import write_json

    signature = f"model:{encoder.signature}|pooling:{config.pooling}"
    averages = tuple(average_scores(records, signature, config.seed))
    unreadable = [one["code"] for one in records if not is_readable(one)]
    places, absent = places_of([one["code"] for one in records], access)
    named = [f"{layers[-1]}|{measure}" for measure in config.measures]
    groups = tuple(group_scores(records, places, named, signature, config.seed))
    notes = [*remarks, *absent, *(remark for one in records for remark in one["remarks"])]
    if unreadable:
        notes.append(
            f"not representable: most of their letters are in no piece of {encoder.name}:"
            f" {', '.join(unreadable)}; they stand in the table and in no average"
        )
    languages = [
        {**record, "scores": [score.to_dict() for score in scores_of(record, signature)]}
        for record in records
    ]
    write_json(
        folder / "scores.json",
        {
            "averages": [score.to_dict() for score in averages],
            "groups": [score.to_dict() for score in groups],
            "languages": languages,
            "notes": notes,
        },
    )
    done = Retrieved(folder, records, averages, groups, places, tuple(dict.fromkeys(notes)))
    write_report(done, config.measures, layers, encoder.name, command_line(COMMAND, config))
    return done


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; `retrieve` is the function beneath it."""
    return command(COMMAND, __doc__ or "", Retrieval, _command, argv)


def _command(config: Retrieval) -> int:
    from probe.summary import table
    from runfolder.console import carried_out

    files = f"config.json {RECORDS} scores.json report.html"
    return carried_out(config, retrieve, lambda done: table(done.languages, config.measures), files)


if __name__ == "__main__":
    raise SystemExit(main())
