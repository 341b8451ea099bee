"""Results: the runs under runs/, scores with intervals, two runs side by side."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import streamlit as st

from app import texts
from app.texts import escape
from data.bounded import check_shape, read_json
from data.errors import InputError
from data.languages import resolve
from data.terminal import printable
from icl.pairing import Comparison, Pairing, SegmentPair, comparable, compare, pair_runs
from icl.scoring import Result, below_copy
from metrics.score import Score, signature_pairs

FILE = "scores.json"
SHAPE = {
    "results": [{"system": str, "label": str, "direction": str, "scores": [{str: object}]}],
    "notes?": [str],
    "documents?": {str: {"model": [{str: object}]}},
}
SCORED = {  # of whatever is trained here: taggers, classifiers, translators, intents and slots
    "results": [{"system": str, "test": str, "scores?": [{str: object}], "score?": {str: object}}],
    "notes?": [str],
}
PAGE = 20  # segments shown at once
OF_PROMPTED = (
    "In brackets: 95 % bootstrap interval over segments. It says how a figure would move with "
    "other sentences of the same kind; nothing of other texts, prompts or shots."
)
OF_TRAINED = (
    "In brackets: 95 % interval over what was scored (utterances, sentences, texts). It says how a "
    "figure would move with others of the same kind; nothing of other seeds or training data."
)
BOUND: Literal["query-params"] = "query-params"
ORDERS = ("as in the test set", "largest wins of B first", "largest wins of A first")


def folder() -> Path:
    """Where the runs are: `runs`, or what `streamlit run app/main.py -- --runs FOLDER` names."""
    given = sys.argv[1:]
    at = given.index("--runs") + 1 if "--runs" in given else len(given)
    return Path(given[at]) if at < len(given) else Path("runs")


def show() -> None:
    """Draw the page."""
    st.html('<h1 class="kl-title">Results of runs</h1>')
    runs, unread = find_runs(folder())
    for line in unread:
        st.warning(texts.escape_markdown(line))
    if not runs:
        st.info(texts.escape_markdown(f"No finished run lies in {folder()}/. This makes one:"))
        line = "python -m icl.eval --lang sw --shots 1 --limit 100"
        st.code(line, language="bash", wrap_lines=True)
        return
    by_name = {run.folder.name: run for run in runs}
    titles = {name: title(run) for name, run in by_name.items()}
    name = st.selectbox(
        "Run", list(by_name), format_func=titles.__getitem__, key="run", bind=BOUND, width=620
    )
    _scores(by_name[name])
    if by_name[name].documents:
        _documents(by_name[name])
    prompted = [run for run in runs if not run.was_trained]
    if not prompted:
        return
    by_name = {run.folder.name: run for run in prompted}
    st.subheader("Two runs side by side", anchor=False)
    first, second = newest_pair(prompted)
    left, right = st.columns(2)
    with left:
        a = _side("A", by_name, titles, first)
    with right:
        b = _side("B", by_name, titles, second)
    _side_by_side(a, b)


def title(run: Run) -> str:
    """What a run is called: languages, model, shots, test set; its folder tells twins apart.

    A run of several systems is called after its model, one without a model after its first; one
    that was trained here after its test sets.
    """
    if run.was_trained:
        tests = list(dict.fromkeys(result.direction for result in run.results))
        more = f" and {len(tests) - 3} more" if len(tests) > 3 else ""
        return f"{', '.join(tests[:3])}{more} · {run.folder.name}"
    asked = next((r for r in run.results if r.system == "model"), *run.results[:1])
    directions = list(dict.fromkeys(result.direction for result in run.results))
    names = ", ".join(map(_direction, directions[:3])) + (" …" if len(directions) > 3 else "")
    told = dict(signature_pairs(asked.scores[0].signature)) if asked.scores else {}
    shots = told.get("shots", "")
    parts: list[str | None] = [names, asked.label, shots and f"{shots} shot{'s' * (shots != '1')}"]
    parts += [told.get("set", ""), told.get("limit") and f"first {told['limit']}"]
    return f"{', '.join(filter(None, parts))} · {run.folder.name}"


def _direction(text: str) -> str:
    """`sw-en` in words; as it stands where it names no languages."""
    try:
        source, target = (resolve(code).name for code in text.split("-", 1))
    except (InputError, ValueError):
        return text
    return f"{source} into {target}"


def newest_pair(runs: Sequence[Run]) -> tuple[tuple[str, str], tuple[str, str]]:
    """The newest two systems that may be compared, the older first: folder's name and system.

    Of two runs their models count, or what both have; of one run its best baseline and the model.
    Without any such two both are the first system of the newest run.

    Args:
        runs: the newest first; one at least.
    """
    for at, b in enumerate(runs):
        for a in runs[at + 1 :]:
            for system in (one for one in b.systems if one in a.systems):
                if comparable(a.folder, b.folder, (system, system)):
                    return (a.folder.name, system), (b.folder.name, system)
        for other in b.systems[::-1]:
            if other != b.systems[0] and comparable(b.folder, b.folder, (other, b.systems[0])):
                return (b.folder.name, other), (b.folder.name, b.systems[0])
    only = runs[0].folder.name, runs[0].systems[0]
    return only, only


def _scores(run: Run) -> None:
    """Every score with its interval and n; bars would hide how the intervals overlap."""
    header = ["system", "test set" if run.was_trained else "direction", *run.metrics, "n"]
    rows = []
    for result in run.results:
        scores = [result.score(name) for name in run.metrics]
        cells = [
            f"{s.value:.1f} <small>[{s.low:.1f}, {s.high:.1f}]</small>" if s else texts.NOT_A_FIGURE
            for s in scores
        ]
        n = next((texts.number(s.n) for s in scores if s), texts.NOT_A_FIGURE)
        weak = below_copy(run.results, result)
        mark = f" <small>(no better than copy in {' and '.join(weak)})</small>" if weak else ""
        rows.append([escape(result.label) + mark, escape(result.direction), *cells, n])
    st.html(texts.table(rows, map(escape, header), numbers=range(2, len(header))))
    st.caption(OF_TRAINED if run.was_trained else OF_PROMPTED)
    for note in run.notes:
        st.caption(texts.escape_markdown(note))
    with st.expander("Signatures: how to get each figure again"):
        for result in run.results:
            for score in result.scores:
                line = f"{result.label} {result.direction} {score.name}: {score.signature}"
                st.code(printable(line), language=None, wrap_lines=True)


def _documents(run: Run) -> None:
    """A translation of documents: the figures of each, and one before and after."""
    from localize.score import read_segments
    from localize.work import marked

    st.subheader("Documents", anchor=False)
    header = ["document", *(one.name for one in run.documents[0][1]), "texts"]
    rows = [
        [escape(name), *(f"{one.value:.1f}" for one in scores), texts.number(scores[0].n)]
        for name, scores in run.documents
    ]
    st.html(texts.table(rows, map(escape, header), numbers=range(1, len(header))))
    name = st.selectbox("Before and after", [name for name, _ in run.documents], key="document")
    shown = [one for one in read_segments(run.folder) if one.place.rpartition(":")[0] == name]
    cells = [
        [escape(one.source), escape(one.before), marked(one.before, one.after)]
        for one in shown[:PAGE]
    ]
    st.html(texts.table(cells, ["source", "before", "after, differences marked"]))
    if len(shown) > PAGE:
        st.caption(f"The first {PAGE} of {len(shown):,} texts; the run's pages/ has all of them.")


def _side(
    letter: str, runs: Mapping[str, Run], titles: Mapping[str, str], opens: tuple[str, str]
) -> tuple[Run, str]:
    """One side of a comparison: a run and one of its systems; the address may name both."""
    names = list(runs)
    name = st.selectbox(
        f"Run {letter}",
        names,
        index=names.index(opens[0]),
        format_func=titles.__getitem__,
        key=f"run-{letter}",
        bind=BOUND,
    )
    systems = runs[name].systems
    at = systems.index(opens[1]) if opens[1] in systems else 0
    return runs[name], st.selectbox(
        f"System {letter}", systems, index=at, key=f"system-{letter}", bind=BOUND
    )


def _side_by_side(a: tuple[Run, str], b: tuple[Run, str]) -> None:
    systems = a[1], b[1]
    if (a[0].folder, a[1]) == (b[0].folder, b[1]):
        st.info("A and B are the same system of the same run. Choose another run or system.")
        return
    try:
        pairings = pair_runs(a[0].folder, b[0].folder, systems)
    except InputError as error:
        st.error(texts.escape_markdown(str(error)))
        return
    names = [pairing.direction for pairing in pairings]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        direction = st.selectbox("Direction", names, width=160)
        pairing = pairings[names.index(direction)]
        metric = st.selectbox("Metric", pairing.metrics, width=160)
        order = st.selectbox("Order", ORDERS, width=260)
        last = max(1, -(-len(pairing.a) // PAGE))
        page = int(st.number_input(f"Page (of {last:,})", 1, last, 1, width=140))
    if st.toggle("Test whether B is better than A (some seconds)"):
        _tests(str(a[0].folder), str(b[0].folder), systems)
    _segments(pairing, metric, order, page)


def _tests(a: str, b: str, systems: tuple[str, str]) -> None:
    """Paired tests of both, as `python -m icl.compare` prints them."""
    rows = [
        [
            escape(f"{c.label}, {c.direction}"),
            f"{c.a:.1f}",
            f"{c.b:.1f}",
            f"{c.difference:+.1f} <small>[{c.low:+.1f}, {c.high:+.1f}]</small>",
            f"{c.p_bootstrap:.4f}",
            f"{c.p_randomisation:.4f}",
            escape(c.verdict),
        ]
        for c in _compared(a, b, systems)
    ]
    header = ["", "A", "B", "B less A", "p, bootstrap", "p, randomisation", "better"]
    st.html(texts.table(rows, header, numbers=range(1, 6)))
    st.caption("Better: both tests give p < 0.05. Higher is better unless said.")


@st.cache_data(show_spinner="Testing …")
def _compared(a: str, b: str, systems: tuple[str, str]) -> list[Comparison]:
    return compare(Path(a), Path(b), systems)


def _segments(pairing: Pairing, metric: str, order: str, page: int) -> None:
    """Source, reference and both outputs, a segment a row."""
    segments = ordered(pairing, metric, order)[PAGE * (page - 1) : PAGE * page]
    source, target = (resolve(code).bcp47 for code in pairing.direction.split("-", 1))
    rows = [
        [
            escape(segment.a["id"].rpartition(":")[2]),
            texts.named(segment.a["source"], source),
            texts.named(segment.a["reference"], target),
            texts.named(segment.a["output"] or "(empty)", target),
            texts.named(segment.b["output"] or "(empty)", target),
            f"{segment.difference:+.1f}",
        ]
        for segment in segments
    ]
    header = ["", "source", "reference", "A", "B", escape(f"{metric}, B less A")]
    st.html(texts.table(rows, header, numbers=(5,)))


def ordered(pairing: Pairing, metric: str, order: str) -> Sequence[SegmentPair]:
    """The segments of both runs in one of `ORDERS`: wins are what the metric calls better."""
    triples = zip(pairing.differences(metric), pairing.a, pairing.b, strict=True)
    segments = list(map(SegmentPair._make, triples))
    if order == ORDERS[0]:
        return segments
    b_first = (order == ORDERS[1]) == (pairing.metric(metric).higher_is_better is not False)
    return sorted(segments, key=lambda segment: segment.difference, reverse=b_first)


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run: its folder, the results of its systems, and what a reader must know.

    Attributes:
        was_trained: it is of a model that was trained here: the directions are test sets.
    """

    folder: Path
    results: tuple[Result, ...]
    notes: tuple[str, ...]
    documents: tuple[tuple[str, tuple[Score, ...]], ...] = ()  # of localize.score, by name
    was_trained: bool = False

    @property
    def systems(self) -> list[str]:
        """The names of its systems: model, copy, gloss."""
        return list(dict.fromkeys(result.system for result in self.results))

    @property
    def metrics(self) -> list[str]:
        """The names of its scores, in their order."""
        return list(dict.fromkeys(s.name for result in self.results for s in result.scores))


def find_runs(folder: Path) -> tuple[list[Run], list[str]]:
    """The runs in the folders of a folder, the newest first.

    Returns:
        The runs, and a line for each folder that has a scores.json and is none: comparisons are
        passed over, damaged files are not.
    """
    runs, unread = [], []
    paths = sorted(folder.glob(f"*/{FILE}"), key=lambda path: -path.stat().st_mtime_ns)
    for path in paths:
        try:
            run = read_run(path.parent)
        except InputError as error:
            unread.append(str(error))
        else:
            if run is not None:
                runs.append(run)
    return runs, unread


def read_run(folder: Path) -> Run | None:
    """One run; None where scores.json is of another kind, a comparison for instance.

    Raises:
        InputError: scores.json is damaged.
    """
    path = folder / FILE
    content = read_json(path, dict)
    if "results" not in content:
        return None
    rows = content["results"] if isinstance(content["results"], list) else []
    was_trained = any(isinstance(row, dict) and "test" in row for row in rows)
    check_shape(content, SCORED if was_trained else SHAPE, str(path))
    try:
        results = tuple(_results(content["results"]))
        documents = tuple(
            (name, tuple(Score.from_dict(one) for one in told["model"]))
            for name, told in (content.get("documents") or {}).items()
        )
    except ValueError as error:
        raise InputError(
            f"{path}: expected the scores of a run, found {error}; run it again"
        ) from error
    notes = tuple(content.get("notes") or ())
    return Run(folder, results, notes, documents, was_trained)


def _results(rows: Sequence[Mapping[str, Any]]) -> Iterator[Result]:
    for row in rows:
        told = row["scores"] if "scores" in row else [row["score"]] if "score" in row else []
        scores = tuple(Score.from_dict(score) for score in told)
        system = row["system"]
        yield Result(
            system, row.get("label", system), row.get("direction", row.get("test")), scores
        )
