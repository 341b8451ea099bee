"""Paths that a run seldom takes: refusals, what lacks, what a baseline answers to an engine's
questions, limits of the process that lays chats out."""

from __future__ import annotations

import resource
import shutil
import sys
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from data.errors import InputError, UnavailableError
from data.languages import resolve
from data.load import load_parallel
from icl import scoring
from icl.address import parse_address
from icl.compare import _scored
from icl.engines import Batch, Request, _suitable, chat, chat_worker, protocol
from icl.engines.baselines import copy_baseline
from icl.engines.openai import OpenaiBackend
from icl.engines.tokenization import PromptTokenizer
from icl.engines.transformers import _open
from icl.engines.vocabulary import _FileVocabulary
from icl.options import RunConfig, TranslateConfig
from icl.pairing import Pairing, _metric_settings
from icl.prepare import Preparation, make_tasks
from icl.prompt import Prompt
from icl.scoring import Result, Scored, below_copy, macro_averages
from icl.shots import Split
from icl.store import open_folder
from icl.translate import open_translator
from metrics.score import Score
from models.resolve import resolve_model
from tests.icl import opened, server
from tests.icl.conftest import byte_tokenizer


def test_scores_of_several_directions_are_refused() -> None:
    pairings = [Pairing(direction, (), (), ()) for direction in ("sw-en", "en-sw")]
    told = r"^--scores: the runs have several directions \(sw-en, en-sw\); give one$"
    with pytest.raises(InputError, match=told):
        _scored(pairings[0], pairings, "COMET=a,b")


@pytest.mark.parametrize(
    ("options", "engine"),
    [
        ({"base_url": "http://localhost:1", "device": "cuda"}, "openai"),
        ({"device": "cuda"}, "transformers"),
        ({"dtype": "bfloat16"}, "transformers"),
        ({"dtype": "float16"}, "transformers"),
    ],
)
def test_auto_by_options_alone(options: dict[str, str], engine: str) -> None:
    assert _suitable(opened.settings("auto", "no-such-model", **options)) == engine


def test_a_baseline_reads_no_prompt() -> None:
    baseline = copy_baseline()
    assert baseline.special == ()
    assert baseline.fits(Prompt("x" * 10_000)) is True


def test_several_chat_templates_and_no_default() -> None:
    tokenizer = byte_tokenizer()
    tokenizer.chat_template = {"a": "{{ messages }}", "b": ""}
    with pytest.raises(InputError, match=r"; use --template plain$"):
        chat.chat_template(tokenizer)


def test_a_renderer_that_never_began_has_ended_well() -> None:
    assert chat._Renderer().close() == 0


def test_the_limits_of_the_process_that_renders() -> None:
    renderer = chat._Renderer()
    request = {"template": "{{ x }}", "fields": {"x": 1}}
    assert renderer.ask(request) == {"text": "1"}
    process = renderer._process
    assert process is not None
    memory = (chat_worker.MEMORY_BYTES, chat_worker.MEMORY_BYTES)
    for limit, expected in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CORE, (0, 0)),
        (resource.RLIMIT_FSIZE, (0, 0)),
    ):
        assert resource.prlimit(process.pid, limit) == expected
    large = {"template": "{{ ('x' * 300000000 + 'y') | length }}", "fields": {}}
    assert renderer.ask(large) == {"error": "it takes more than 512 MB"}
    assert renderer.ask(request) == {"text": "1"}, "the same process goes on"
    assert renderer._process is process
    assert renderer.close() == 0


def server_backend(**options: Any) -> OpenaiBackend:
    """An engine over a server that nobody asks anything."""
    settings = replace(server.settings("http://localhost:1/v1", **options), needs_answers=False)
    return OpenaiBackend(settings)


def test_a_server_takes_no_translation_models_prompts() -> None:
    request = Request("1", "neno", Prompt("neno", source_start="swh_Latn"))
    with pytest.raises(InputError, match="a server takes text, not a translation model's language"):
        server_backend().plan([*server.requests(1), request])


def test_what_another_thread_has_learnt_of_the_server_is_no_refusal() -> None:
    backend = server_backend()
    asked = backend._wording
    backend._wording = replace(asked, stop=False)
    assert backend._reworded(asked, "no such thing") is True
    assert backend._wording == replace(asked, stop=False)
    assert backend._reworded(backend._wording, "no such thing") is False


def test_who_is_stopped_between_two_attempts_asks_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    backend, asked, stopped = server_backend(), list[str](), threading.Event()

    def ask(request: Request, wording: protocol.Wording) -> None:
        asked.append(request.id)
        raise protocol.NoAnswerError("busy", 503)

    monkeypatch.setattr(backend, "_ask", ask)
    stopped.set()
    [request] = server.requests(1)
    with pytest.raises(UnavailableError, match=r"busy \(1 attempt\)"):
        backend._complete(request, stopped)
    assert asked == [request.id]


def test_packages_that_are_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "openai", None)
    with pytest.raises(UnavailableError, match=r'"openai" is not installed; .*\[openai\]'):
        server_backend()
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(UnavailableError, match=r'"torch" is not installed; .*\[cpu\]'):
        _open(tmp_path, "cpu", "float32", False)


def test_a_device_that_torch_does_not_know(tiny_decoder: Path) -> None:
    with pytest.raises(InputError, match=r"^--device nonsense: .*nonsense"):
        _open(tiny_decoder, "nonsense", "float32", False)


def test_what_a_provider_behind_a_server_said() -> None:
    metadata = {"raw": "overloaded: {"}
    assert protocol.said({"metadata": metadata}) == "overloaded: {"
    assert protocol.said({"metadata": {"raw": '{"message": "come back"}'}}) == "come back"


def test_prompts_fit_where_there_is_no_end(tiny_decoder: Path, tmp_path: Path) -> None:
    tokenizer = PromptTokenizer(resolve_model(str(tiny_decoder)))
    long = Prompt("neno " * 1000)
    assert tokenizer.fits(long, None) is True
    assert tokenizer.fits(long, len(tokenizer.encode(long))) is True
    assert tokenizer.fits(long, len(tokenizer.encode(long)) - 1) is False
    turns = Prompt("", messages=(("user", "x"),))
    folder = Path(shutil.copytree(tiny_decoder, tmp_path / "model"))
    (folder / "chat_template.jinja").write_text(" {{ ' ' }}\n")
    with pytest.raises(InputError, match="cannot be used here: it writes nothing; use --template"):
        PromptTokenizer(resolve_model(str(folder))).encode(turns)


def test_a_tokenizer_without_a_chat_template(tiny_encoder_decoder: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_encoder_decoder, tmp_path / "model"))
    for path in folder.glob("*chat_template*"):
        path.unlink()
    settings = folder / "tokenizer_config.json"
    settings.write_text(settings.read_text("utf-8").replace("chat_template", "no_template"))
    with pytest.raises(InputError, match="this model's tokenizer has no chat template; use"):
        PromptTokenizer(resolve_model(str(folder))).encode(Prompt("", messages=(("user", "x"),)))


def test_scores_that_a_run_has_not(tmp_path: Path) -> None:
    (tmp_path / "scores.json").write_text(
        '{"results": [{"system": "copy", "direction": "sw-en", "scores":'
        ' [{"name": "BLEU", "signature": "tok:13a|set:sample"}]}]}'
    )
    assert _metric_settings(tmp_path, "sw-en", "copy") == {"BLEU": "tok:13a"}
    for direction, system in (("en-sw", "copy"), ("sw-en", "model")):
        told = f"scores.json has no {system} in {direction}; finish the run$"
        with pytest.raises(InputError, match=told):
            _metric_settings(tmp_path, direction, system)


def test_a_test_set_of_which_all_is_held_back(monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = load_parallel("sample", resolve("sw"), resolve("en"))
    monkeypatch.setattr(
        "icl.prepare.split_pool", lambda *_: (Split((), corpus.pairs), "sample", ())
    )
    with pytest.raises(InputError, match=r"nothing is left to score; name another --pool$"):
        list(make_tasks(RunConfig("sw", test_set="sample", offline=True), corpus))


def scored(language: str, system: str = "model", metric: str = "chrF++") -> Scored:
    score = Score(metric, 20.0, 19.0, 21.0, "s|set:x", 9, "none")
    result = Result(system, system, f"{language}-en", (score,))
    return Scored(result, resolve(language), (), ())


def test_a_metric_whose_direction_nobody_knows_is_below_nothing() -> None:
    for metric, expected in (("chrF++", ["chrF++"]), ("TER", ["TER"]), ("our fluency", [])):
        model, copy = (scored("sw", system, metric).result for system in ("model", "copy"))
        assert below_copy([model, copy], model) == expected


def test_averages_where_genus_and_family_are_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise UnavailableError("the inventory needs a package")

    asked: list[dict[str, Any]] = []
    monkeypatch.setattr(scoring, "groups_of", fails)
    monkeypatch.setattr(scoring, "_averages", lambda _, groups, seed: asked.append(groups) or [])
    _, notes = macro_averages([scored("sw"), scored("am")], seed=1)
    assert notes == ["no averages by genus and family: the inventory needs a package"]
    assert asked == [{"sw": {"script": "Latn"}, "am": {"script": "Ethi"}}]


def test_the_folder_of_a_shard_says_which(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    config = RunConfig("sw", test_set="sample", offline=True, shard="2/3")
    with open_folder(config, "sw-en", {"a": 1}) as run:
        pass
    [found] = (tmp_path / "runs").iterdir()
    assert found.name.endswith("-shard-2-of-3")
    assert found.name.startswith("sw-en")
    assert run.folder.name == found.name


def test_shots_without_a_pool_are_refused(tiny_decoder: Path) -> None:
    config = TranslateConfig("sw", model=str(tiny_decoder), shots=2, pool="none", offline=True)
    with pytest.raises(InputError, match="--pool none: 2 shots need a pool; add --shots 0"):
        open_translator(config)


@pytest.mark.parametrize(
    ("codes", "name"),
    [
        (["sw"], "sw"),
        (["sw", "sw"], "sw"),
        (["sw", "am", "ha", "yo"], "sw+am+ha+yo"),
        (["sw", "am", "ha", "yo", "zu"], "5-languages"),
    ],
)
def test_a_run_is_named_by_its_languages_while_they_are_few(codes: list[str], name: str) -> None:
    nothing: Any = None
    tasks: Any = tuple(SimpleNamespace(language=resolve(code)) for code in codes)
    assert Preparation(nothing, nothing, tasks, "").name == name


def test_an_empty_parameter_of_an_address_stays() -> None:
    found = parse_address("http://localhost/v1?version=&key=a")
    assert found.query == {"version": "", "key": "a"}


def test_a_tokenizer_that_fills_and_cuts_texts_does_neither_here() -> None:
    backend = byte_tokenizer().backend_tokenizer
    plain = backend.encode("neno", add_special_tokens=False).ids
    backend.enable_padding(length=9)
    backend.enable_truncation(2)
    facts = {"size": 258, "pad_id": 257, "special": [], "has_chat": False}
    assert _FileVocabulary(backend, facts).ids("neno", add_special=False) == plain
    assert len(plain) == 4


def test_part_of_a_batch_of_a_server_has_no_ids_either() -> None:
    requests = server.requests(3)
    assert Batch(tuple(requests)).part([2, 0]) == Batch((requests[2], requests[0]))
    whole = Batch(tuple(requests), (1,), ((2,), (3, 4), (5,)))
    assert whole.part([1]) == Batch((requests[1],), (1,), ((3, 4),))
