"""What options, pools, folders and templates must not be, and what is said where a thing lacks."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from data.access import Access
from data.errors import InputError, UnavailableError
from data.languages import resolve
from data.load import load_parallel
from icl import scoring, shots
from icl.answers import Answer, remark
from icl.compare import _two
from icl.engines import chat, chat_worker, protocol
from icl.engines.ctranslate2 import _open
from icl.options import RunConfig
from icl.prepare import _with_hint, make_tasks, split_pool
from icl.scoring import Result, below_copy, macro_averages
from icl.system import System
from metrics.score import Score


def config(**options: Any) -> RunConfig:
    return RunConfig("sw", **{"test_set": "sample", "offline": True, **options})


@pytest.mark.parametrize(
    ("option", "name", "least"),
    [
        ("--shots", "shots", 0),
        ("--limit", "limit", 1),
        ("--max-new-tokens", "max_new_tokens", 1),
        ("--batch-size", "batch_size", 1),
        ("--concurrency", "concurrency", 1),
        ("--max-prompt-tokens", "max_prompt_tokens", 1),
    ],
)
def test_numbers_have_a_least(option: str, name: str, least: int) -> None:
    assert getattr(config(**{name: least}), name) == least
    with pytest.raises(InputError, match=f"^{option} {least - 1}: expected {least} or more"):
        config(**{name: least - 1})


@pytest.mark.parametrize(
    ("name", "value"),
    [("direction", "sw-en"), ("engine", "vllm"), ("select", "best"), ("metrics", ("BLUE",))],
)
def test_names_are_those_of_a_list(name: str, value: object) -> None:
    text = value if isinstance(value, str) else "BLUE"
    with pytest.raises(InputError, match=f'^--{name} "{text}": expected one of '):
        config(**{name: value})


CORPUS = load_parallel("sample", resolve("sw"), resolve("en"))


def test_a_pool_is_held_back_named_or_none() -> None:
    split, name, _ = split_pool(config(shots=0, pool="none"), CORPUS)
    assert (split.scored, split.pool, name) == (CORPUS.pairs, (), "none")
    with pytest.raises(InputError, match="--pool none: 2 shots need a pool; add --shots 0"):
        split_pool(config(shots=2, pool="none"), CORPUS)
    held, _, _ = split_pool(config(shots=1), CORPUS)
    assert 0 < len(held.pool) <= len(CORPUS.pairs) // 6
    assert len(held.pool) + len(held.scored) == len(CORPUS.pairs)


def test_tasks_of_one_direction_or_both() -> None:
    def directions(direction: str) -> list[str]:
        return [task.direction for task in make_tasks(config(direction=direction, shots=1), CORPUS)]

    assert directions("xx-en") == ["sw-en"]
    assert directions("en-xx") == ["en-sw"]
    assert directions("both") == ["sw-en", "en-sw"]
    [task] = make_tasks(config(direction="en-xx", shots=2, limit=7), CORPUS)
    assert len(task.scored) == 7
    assert {len(shots) for shots in task.shots} == {2}
    assert task.held_back
    assert task.pool_size >= 2
    assert task.corpus.source.bcp47 == "en"
    assert {pair.source for pair in task.scored} <= {pair.target for pair in CORPUS.pairs}


def test_nothing_to_score() -> None:
    with pytest.raises(InputError, match="expected sentence pairs to score, found none"):
        list(make_tasks(config(), replace(CORPUS, pairs=())))


def test_flores_is_named_where_it_has_the_language() -> None:
    error = InputError("ntrex has no Twi")
    assert str(_with_hint(error, resolve("tw"), "auto")).endswith("--test-set flores-200")
    assert _with_hint(error, resolve("tw"), "ntrex-128") is error
    assert _with_hint(error, resolve("gil"), "auto") is error


def test_spbleu_without_its_model_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KILOLINGUA_MIRROR", raising=False)
    with pytest.raises(UnavailableError, match=r"python -m data.catalog fetch spbleu-flores200"):
        scoring._spm_model(Access(offline=True))


def test_outputs_whose_language_nobody_can_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    [task] = make_tasks(config(direction="xx-en", shots=0, pool="none"), CORPUS)

    def missing(codes: object) -> None:
        raise ModuleNotFoundError("no identifier")

    monkeypatch.setattr(scoring, "language_metric", missing)
    metrics, [note] = scoring.open_metrics(["BLEU"], task.corpus.target, task.scored)
    assert [metric.name for metric in metrics] == ["BLEU", "copy rate", "empty rate"]
    assert note == "language of the outputs not told: no identifier"
    monkeypatch.setattr(scoring, "language_metric", lambda codes: None)
    _, [note] = scoring.open_metrics(["BLEU"], task.corpus.target, task.scored)
    assert note == "language of the outputs not told: the identifier does not know English"


def test_one_language_or_none_has_no_average() -> None:
    assert macro_averages([], seed=1) == ([], [])


def test_two_of_something() -> None:
    assert _two("a,b", "--x", "c,d") == ("a", "b")
    for text in ("a", "a,b,c", ""):
        with pytest.raises(InputError, match=f'--x "{text}": expected two, such as c,d'):
            _two(text, "--x", "c,d")


def result(system: str, *figures: tuple[str, float]) -> Result:
    scores = tuple(
        Score(name, value, value, value, "s|set:x", 9, "none") for name, value in figures
    )
    return Result(system, system, "sw-en", scores)


def test_metrics_in_which_a_model_does_no_better_than_copying() -> None:
    copied = result("copy", ("BLEU", 5.0), ("chrF++", 20.0), ("TER", 90.0), ("copy rate", 100.0))
    model = result("model", ("BLEU", 5.0), ("chrF++", 20.1), ("TER", 90.0), ("copy rate", 0.0))
    assert below_copy([copied, model], model) == ["BLEU", "TER"]
    better = result("model", ("TER", 89.9))
    assert below_copy([copied, better], better) == []
    assert below_copy([copied, model], copied) == []
    assert below_copy([model], model) == []


def rendered(template: str, **fields: object) -> dict[str, str]:
    request = json.dumps({"template": template, "fields": fields})
    return chat_worker.answer(request, {})


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ x }}", "7"),
        ("{% if x %}\n  yes\n{% endif %}", "  yes\n"),  # blocks are trimmed, as transformers does
        ("  {% if x %}y{% endif %}", "y"),
        ('{{ {"a": "é", "b": x} | tojson }}', '{"a": "é", "b": 7}'),
        ('{{ "é" | tojson(ensure_ascii=true) }}', '"\\u00e9"'),
        ("{% generation %}{{ x }}{% endgeneration %}!", "7!"),
        ("{% for n in [1, 2, 3] %}{% if n == 2 %}{% break %}{% endif %}{{ n }}{% endfor %}", "1"),
        ('{{ strftime_now("%Y") | length }}', "4"),
    ],
)
def test_what_templates_may_use(template: str, text: str) -> None:
    assert rendered(template, x=7) == {"text": text}


@pytest.mark.parametrize(
    ("template", "error"),
    [
        ('{{ raise_exception("roles must alternate") }}', "it says: roles must alternate"),
        ("a\n{% if %}", "line 2: "),
        ("{{ x.y.z }}", "has no attribute 'y'"),
        ("{{ 1 / 0 }}", "division by zero"),
        ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "it calls itself without end"),
        ('{{ "".__class__.__mro__ }}', "unsafe"),
    ],
)
def test_what_templates_cannot_do(template: str, error: str) -> None:
    assert error in rendered(template, x=7)["error"]


def test_how_much_a_template_may_write(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_worker, "MOST_CHARACTERS", 3)
    assert rendered("abc") == {"text": "abc"}
    assert rendered("abcd") == {"error": "it writes more than 3 characters"}


def test_a_template_is_read_once() -> None:
    known: dict[str, Any] = {}
    for x in (1, 2):
        request = json.dumps({"template": "{{ x }}", "fields": {"x": x}})
        assert chat_worker.answer(request, known) == {"text": str(x)}
    assert list(known) == ["{{ x }}"]


def test_errors_are_short(tmp_path: Path) -> None:
    found = rendered("{{ raise_exception(x) }}", x="y" * 5000)["error"]
    assert len(found) == 1000


@pytest.mark.parametrize(
    ("name", "identity", "label"),
    [
        ("copy", {"engine": "copy"}, "copy"),
        ("gloss", {"engine": "gloss", "lexicon": "gatitos"}, "gloss (gatitos)"),
        ("model", {"model": "tiny-llama", "lexicon": "gatitos"}, "tiny-llama"),
    ],
)
def test_what_a_table_calls_a_system(name: str, identity: dict[str, str], label: str) -> None:
    backend: Any = SimpleNamespace(identity=identity)
    nothing: Any = None
    assert System(name, nothing, backend, nothing, nothing, ()).label == label


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (401, "set OPENAI_API_KEY to a key that the server takes, then go on"),
        (403, "set OPENAI_API_KEY to a key that the server takes, then go on"),
        (404, "check --model and --base-url, then go on"),
        (413, "this prompt is too long for the server: take fewer --shots"),
        (422, "the server will not answer this as it is asked: mend what it names, then go on"),
        (399, "run the same command to go on"),
        (500, "run the same command to go on"),
        (None, "run the same command to go on"),
    ],
)
def test_what_to_do_after_a_request_failed(status: int | None, advice: str) -> None:
    error = RuntimeError("no")
    error.status_code = status  # type: ignore[attr-defined]
    assert protocol.next_step(error) == advice


def test_a_process_that_renders_templates_dies() -> None:
    seconds = f"{chat_worker.CPU_SECONDS:g}"
    assert chat._death(-signal.SIGPROF) == f"it takes more than {seconds} seconds"
    assert chat._death(-9) == "it ended the process that renders it (status -9)"


def test_remarks_on_answers() -> None:
    assert remark(Answer("", "stop")) == "an empty answer"
    assert remark(Answer("x", "length")) == "cut at the limit of tokens"
    assert remark(Answer("x", "stop")) == ""


@pytest.mark.parametrize(
    ("device", "error", "kind", "told"),
    [
        ("cpu", ValueError("no int4"), InputError, "--device cpu --dtype int4: no int4"),
        ("cuda:1", RuntimeError("no driver\nat 3"), UnavailableError, "--device cuda:1: no driver"),
    ],
)
@pytest.mark.parametrize("runner", ["Generator", "Translator"])
def test_how_ctranslate2_is_opened(
    device: str, error: Exception, kind: type[Exception], told: str, runner: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    import ctranslate2

    asked: list[tuple[Any, ...]] = []

    def fails(folder: str, **options: Any) -> None:
        asked.append((folder, options))
        raise error

    monkeypatch.setattr(ctranslate2, runner, fails)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2})
    with pytest.raises(kind, match=f"^{re.escape(told)}$"):
        _open(runner, Path("x"), device, "int4")
    place = {"device": "cpu", "device_index": 0, "inter_threads": 3}
    if device != "cpu":
        place = {"device": "cuda", "device_index": 1, "inter_threads": 1}
    assert asked == [("x", {**place, "compute_type": "int4", "intra_threads": 1})]


def test_bm25_without_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bm25s", None)
    with pytest.raises(UnavailableError, match=r'needs the package "bm25s"; run: pip install "ki'):
        shots._bm25([["a"]])


def test_a_metric_that_cannot_be_made(monkeypatch: pytest.MonkeyPatch) -> None:

    def fails(name: str, **_: Any) -> None:
        raise (ModuleNotFoundError if name == "spBLEU" else ValueError)(f"no {name}")

    monkeypatch.setattr(scoring, "metric", fails)
    with pytest.raises(InputError, match=r"^--metrics: no TER$"):
        scoring.open_metrics(["TER"], resolve("sw"), ())
    monkeypatch.setattr(scoring, "_spm_model", lambda *_: None)
    with pytest.raises(UnavailableError, match=r"^no spBLEU$"):
        scoring.open_metrics(["spBLEU"], resolve("sw"), ())
