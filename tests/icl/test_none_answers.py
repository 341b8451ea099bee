"""Servers that think aloud, break off, refuse: no answer of theirs is scored in silence."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from data.errors import InputError, UnavailableError
from icl.compare import main as compare
from icl.engines import Completion
from icl.engines import openai as engine
from icl.engines.protocol import NoAnswerError, Wording, completion_from, refuses, withheld
from icl.eval import main
from icl.export import main as export
from icl.merge import main as merge
from icl.store import read_records
from icl.translate import main as translate
from tests.icl.opened import opened
from tests.icl.server import Server, running_server, told

pytest.importorskip("openai", reason='needs the openai package: pip install "kilolingua[openai]"')

GOOD = "The children go to school."
THOUGHT = f"<think>\nThe user\nwants it.\n</think>\n\n{GOOD}"
PAIRS = "sw\ten\n" + "".join(f"Sentensi {n}.\tSentence {n}.\n" for n in range(1, 5))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with running_server(monkeypatch) as made:
        yield made


def arguments(url: str, folder: Path, *more: str, template: str = "chat") -> list[str]:
    folder.mkdir(exist_ok=True)
    (folder / "pairs.tsv").write_text(PAIRS)
    options = ["--lang", "sw", "--test-set", str(folder / "pairs.tsv"), "--pool", "none"]
    options += ["--shots", "0", "--base-url", url, "--model", "m", "--engine", "openai"]
    return [*options, "--template", template, "--out", str(folder / "run"), *more]


def records(folder: Path) -> list[dict[str, Any]]:
    """The model's, the last of each segment."""
    found = [record for _, record in read_records(folder / "run" / "segments.jsonl")]
    return list({r["id"]: r for r in found if r["system"] == "model"}.values())


@pytest.mark.parametrize("template", ["chat", "plain"])
@pytest.mark.parametrize(
    ("text", "more", "kind"),
    [
        (THOUGHT, {}, "closed"),
        (f"\n\n{GOOD}\n", {}, ""),
        ([{"type": "text", "text": GOOD}], {}, ""),
        ([{"type": "output_text", "text": GOOD}, {"type": "image", "text": "no"}], {}, ""),
        ([{"type": "thinking", "thinking": []}, {"type": "text", "text": GOOD}], {}, "apart"),
        (GOOD, {"reasoning_content": "hm"}, "apart"),
        (GOOD, {"reasoning": "hm", "refusal": None, "tool_calls": []}, "apart"),
    ],
)
def test_answers_in_any_wrapping(
    template: str, text: Any, more: Any, kind: str, server: Server, tmp_path: Path
) -> None:
    server.choice = told(text, **more)
    assert main(arguments(server.url, tmp_path, template=template)) == 0
    found = records(tmp_path)
    assert [(r["output"], r["finish"], r.get("thinking", "")) for r in found] == [
        (GOOD, "stop", kind)
    ] * 4


def test_a_chat_gets_no_stop_strings_and_a_text_does(server: Server, tmp_path: Path) -> None:
    """An opening mark in the prompt leaves thoughts that nothing tells from an answer."""
    server.choice = told(f"Okay, the user\nwants it.</think>{GOOD}\nAnd more.")
    assert main(arguments(server.url, tmp_path / "a")) == 0
    assert [r["output"] for r in records(tmp_path / "a")] == [GOOD] * 4
    assert not any("stop" in body for body in server.asked)
    server.asked.clear()
    server.choice = told(f" {GOOD}\nSwahili: x")
    assert main(arguments(server.url, tmp_path / "b", template="plain")) == 0
    assert [body["stop"] for body in server.asked] == [["\n"]] * 4, "asked once"


def test_a_template_that_opens_the_thoughts(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "think.toml"
    path.write_text('query = "{source} <think>\\n"\nanswer = "{target}"\n')
    server.choice = told(f"hm\nhm</think>{GOOD}\nx")
    assert main(arguments(server.url, tmp_path, template=str(path))) == 0
    assert [(r["output"], r["thinking"]) for r in records(tmp_path)] == [(GOOD, "closed")] * 4


@pytest.mark.parametrize(
    ("choice", "kind", "note"),
    [
        (told(None, "length", reasoning_content="The user"), "thinking", "4 ended within the mod"),
        (told("<think>The user", "length"), "thinking", "4 ended within the model's thinking"),
        (told("", "content_filter"), "filtered", "4 withheld by the server's content filter"),
        (told("Wat", "SAFETY"), "filtered", "4 withheld by the server's content filter"),
        (told("Wat", "PROHIBITED_CONTENT"), "filtered", "4 withheld by the server's content filt"),
        (told(None, refusal="I cannot help."), "refused", "4 refused"),
        (told([{"type": "refusal", "refusal": "No."}]), "refused", "4 refused"),
        (told("x", "tool_calls", tool_calls=[{"id": "1"}]), "tool call", "4 calls of a tool"),
        (told(None, "function_call", function_call={"name": "f"}), "tool call", "4 calls of a t"),
        (told(None, "stop", tool_calls=[{"id": "1"}]), "tool call", "4 calls of a tool"),
        (told(None, "stop", function_call={"name": "f"}), "tool call", "4 calls of a tool"),
    ],
)
def test_what_is_no_answer_is_kept_as_such(
    choice: Any, kind: str, note: str, server: Server, tmp_path: Path, capsys: Any
) -> None:
    server.choice = choice
    assert main(arguments(server.url, tmp_path)) == 0
    assert [(r["output"], r["finish"]) for r in records(tmp_path)] == [("", kind)] * 4
    line = f"sw-en: 4 of 4 answers are none and score as empty: {note}"
    assert f"note: {line}" in capsys.readouterr().out
    page = (tmp_path / "run" / "report.html").read_text()
    assert line.replace("'", "&#39;") in page
    asked = len(server.asked)
    assert main(arguments(server.url, tmp_path)) == 0
    assert len(server.asked) == asked, "it stands, and is not asked again"


def test_a_filter_that_refuses_the_prompt(server: Server, tmp_path: Path) -> None:
    error = {"code": "content_filter", "message": "The prompt triggered the policy"}
    server.faults.append(lambda h: h.reply(400, {"error": error}))
    assert main(arguments(server.url, tmp_path)) == 0
    assert sorted(r["finish"] for r in records(tmp_path)) == ["filtered", "stop", "stop", "stop"]


@pytest.mark.parametrize(
    ("finish", "more", "reason"),
    [
        ("error", {}, 'the answer was broken off (finish reason "error")'),
        (None, {}, "the answer was broken off (no finish reason)"),
        ("abort", {}, 'the answer was broken off (finish reason "abort")'),
        ("flubbed", {}, 'the answer was broken off (finish reason "flubbed")'),
        (
            "error",
            {"error": {"code": 502, "message": "Provider returned error"}},
            'broken off (finish reason "error"): Provider returned error (code 502)',
        ),
    ],
)
def test_an_answer_that_was_broken_off_is_asked_again_and_then_named(
    finish: str | None, more: Any, reason: str, server: Server, tmp_path: Path, capsys: Any
) -> None:
    broken = {"text": "The chil", "finish_reason": finish, **more}
    reply = {"choices": [broken]}
    server.faults.extend([lambda h: h.reply(200, reply)] * 2)
    options = [*arguments(server.url, tmp_path, template="plain"), "--concurrency", "1"]
    assert main(options) == 0
    assert not any(r["output"] == "The chil" for r in records(tmp_path))
    server.choice = lambda _: broken
    capsys.readouterr()
    before = len(server.asked)
    assert main([*options[:-3], str(tmp_path / "run2"), "--concurrency", "1"]) == 1
    assert len(server.asked) - before <= 2 * engine.ATTEMPTS
    error = capsys.readouterr().err.splitlines()[-1]
    assert "segment pairs.tsv:sw-en:1: " in error
    assert reason in error
    assert "(5 attempts); finished segments are kept, run the same command to go on" in error


ERRORS: dict[str, tuple[Any, str]] = {
    "an object": ({"message": "Rate limit", "code": 429}, "Rate limit (code 429)"),
    "a text": ("overloaded", "overloaded"),
    "behind": (
        {"message": "Provider returned error", "code": 502,
         "metadata": {"raw": '{"error": {"message": "out of capacity"}}', "provider_name": "X"}},
        "Provider returned error: out of capacity (code 502)",
    ),
    "a page": ("<html><title>502</title><h1>Bad&nbsp;Gateway</h1></html>", "502 Bad Gateway"),
    "a message in parts": ({"message": {"text": ["try", "later"]}, "code": "busy"},
                           "try; later (code busy)"),
    "no sentence": ({"type": "busy", "wait": 5}, "{'type': 'busy', 'wait': 5}"),
    "a list": ([{"message": "one"}, {"message": "two"}], "one; two"),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_the_reason_in_a_200_is_shown(
    name: str, server: Server, tmp_path: Path, capsys: Any
) -> None:
    error, reason = ERRORS[name]
    server.faults.extend([lambda h: h.reply(200, {"error": error})] * 100)
    assert main(arguments(server.url, tmp_path)) == 1
    assert f"segment pairs.tsv:sw-en:1: {reason} (5 attempts)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (400, "the server will not answer this as it is asked: mend what it names, then go on"),
        (401, "set OPENAI_API_KEY to a key that the server takes, then go on"),
        (404, "check --model and --base-url, then go on"),
    ],
)
@pytest.mark.parametrize("as_200", [True, False])
def test_nobody_is_told_to_repeat_what_was_refused(
    status: int, advice: str, as_200: bool, server: Server, tmp_path: Path, capsys: Any
) -> None:
    body = {"error": {"message": "it says why", "code": status}}
    server.faults.extend([lambda h: h.reply(200 if as_200 else status, body)] * 100)
    assert main([*arguments(server.url, tmp_path), "--concurrency", "1"]) == 1
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.endswith(f"finished segments are kept, {advice}")
    assert "it says why" in error
    assert "(1 attempt)" in error


def refusing(names: dict[str, str]) -> Any:
    """A server that refuses parameters by name, each in words of its own."""

    def fault(handler: Any) -> None:
        body = handler.server.asked[-1]
        for name, words in names.items():
            if name in body:
                error = {"message": words, "param": name, "code": "unsupported_parameter"}
                return handler.reply(400, {"error": error})
        text = GOOD + "\nmore"
        choice = {"text": text, "message": {"content": text}, "finish_reason": "stop"}
        if "messages" not in body:
            del choice["message"]
        return handler.reply(200, {"choices": [choice]})

    return fault


LIMITS = {
    "max_completion_tokens": "Unsupported parameter: 'max_tokens' is not supported with this "
    "model. Use 'max_completion_tokens' instead.",
    "max_output_tokens": "max_tokens is deprecated, use max_output_tokens instead",
}


@pytest.mark.parametrize("wanted", LIMITS)
@pytest.mark.parametrize("template", ["chat", "plain"])
def test_the_limit_has_the_name_that_the_server_wants(
    wanted: str, template: str, server: Server, tmp_path: Path, capsys: Any
) -> None:
    server.faults.extend([refusing({"max_tokens": LIMITS[wanted], "stop": "stop: Extra inputs are "
                                    "not permitted"})] * 100)  # fmt: skip
    assert main([*arguments(server.url, tmp_path, template=template), "--concurrency", "1"]) == 0
    assert [r["output"] for r in records(tmp_path)] == [GOOD] * 4
    assert [body[wanted] for body in server.asked if wanted in body] != []
    assert sum("max_tokens" in body for body in server.asked) == 1, "learnt once"
    error = capsys.readouterr().err
    assert f"the server wants {wanted}, not max_tokens" in error
    told_of_stop = "the server takes no stop strings; answers are cut at them here" in error
    assert told_of_stop == (template == "plain")


SENTENCES = [
    "`max_tokens` is not available for reasoning models; `max_completion_tokens` is required.",
    "this model does not accept max_tokens",
    "max_tokens: cannot be used with o1 models",
    "Property 'max_tokens' is not a valid parameter. Did you mean 'max_completion_tokens'?",
    "Please set `max_completion_tokens` rather than `max_tokens`.",
    "max_tokens isn't supported here",
]


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_refusal_in_other_words(sentence: str) -> None:
    assert Wording().after(sentence, {"max_tokens": 9}) == Wording(
        "max_completion_tokens", refused=("max_tokens",)
    )


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("stop", "Model does not accept stop sequences: `stop`"),
        ("temperature", "temperature cannot be set for reasoning models"),
        ("temperature", "temperature, top_p and n are fixed at 1"),
        ("temperature", "Invalid 'temperature': expected a value in range (0, 2]"),
    ],
)
def test_refusals_of_the_other_options(name: str, sentence: str) -> None:
    assert refuses(sentence, name)


@pytest.mark.parametrize(
    "sentence",
    [
        "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.",
        "Unknown parameters: max_tokens, max_completion_tokens, max_new_tokens",
    ],
)
def test_a_server_that_takes_no_limit_at_all_is_not_asked_without_end(
    sentence: str, server: Server, tmp_path: Path, capsys: Any
) -> None:
    error = {"error": {"message": sentence}}
    server.faults.extend([lambda h: h.reply(400, error)] * 50)
    assert main([*arguments(server.url, tmp_path), "--concurrency", "1"]) == 1
    assert "mend what it names" in capsys.readouterr().err
    asked = [name for body in server.asked for name in body if name.startswith("max_")]
    tried = dict.fromkeys(name for name in asked)
    assert all(asked.count(name) <= 2 for name in tried), "two requests may be under way"
    assert 2 <= len(tried) <= 3


def test_a_value_that_is_too_large_is_no_refusal_of_the_name(
    server: Server, tmp_path: Path, capsys: Any
) -> None:
    error = {"message": "max_tokens is too large: 128. This model has a context of 99 tokens."}
    server.faults.extend([lambda h: h.reply(400, {"error": error})] * 20)
    assert main([*arguments(server.url, tmp_path), "--concurrency", "1"]) == 1
    assert "max_tokens is too large: 128" in capsys.readouterr().err
    assert {"max_tokens"} == {name for body in server.asked for name in body if "max_" in name}


def test_stored_answers_are_exported_and_merged_where_the_server_has_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_server(monkeypatch) as gone:
        gone.choice = told(GOOD)
        assert main(arguments(gone.url, tmp_path)) == 0
        shard = [*arguments(gone.url, tmp_path), "--out", str(tmp_path / "one"), "--shard", "1/1"]
        assert main(shard) == 0
    assert export([str(tmp_path / "run"), "--out", str(tmp_path / "files")]) == 0
    assert merge([str(tmp_path / "one"), "--out", str(tmp_path / "merged")]) == 0
    assert (tmp_path / "files" / "sw-en.model.hyp.txt").read_text() == f"{GOOD}\n" * 4
    assert (tmp_path / "merged" / "scores.json").is_file()


def test_a_server_without_greedy_decoding(server: Server, tmp_path: Path, capsys: Any) -> None:
    words = "Unsupported value: 'temperature' does not support 0.0 with this model. Only the "
    server.faults.extend(
        [refusing({"temperature": f"{words}default (1) value is supported."})] * 99
    )
    options = arguments(server.url, tmp_path)
    assert main(options) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert "takes no temperature 0, which greedy decoding needs" in error
    assert error.endswith("or take the server's own sampling with --decoding server")
    assert main([*options, "--decoding", "server", "--out", str(tmp_path / "sampled")]) == 0
    assert "|decoding:server|" in capsys.readouterr().out
    assert "temperature" not in server.asked[-1]
    with pytest.raises(InputError, match="--decoding server: there is no server"):
        open_config(decoding="server")


def open_config(**options: Any) -> Any:
    from icl.options import RunConfig

    return RunConfig("sw", **options)


OLD = [
    {"output": "<think>", "finish": "stop"},
    {"output": "The chil", "finish": None},
    {"output": "The chil", "finish": "error"},
    {"output": "A whole one.", "finish": "stop"},
]


def test_what_was_stored_wrongly_is_asked_again(
    server: Server, tmp_path: Path, capsys: Any
) -> None:
    server.choice = told(GOOD)
    options = [*arguments(server.url, tmp_path), "--concurrency", "1"]
    assert main(options) == 0
    path = tmp_path / "run" / "segments.jsonl"
    lines = []
    for line in path.read_text().splitlines():
        record = json.loads(line)
        if record["system"] == "model":
            record |= OLD[len([one for one in lines if '"model"' in one])]
            if record["output"] != "A whole one.":
                del record["format"]
        lines.append(json.dumps(record))
    path.write_text("".join(f"{line}\n" for line in lines))
    server.asked.clear()
    capsys.readouterr()
    assert main(options) == 0
    assert len(server.asked) == 3, "the whole one stands"
    assert "sw-en: 3 stored answers were none" in capsys.readouterr().out
    assert [r["output"] for r in records(tmp_path)] == [GOOD] * 3 + ["A whole one."]
    assert main(options) == 0
    assert len(server.asked) == 3


def test_an_answer_cut_within_thoughts_that_have_no_opening_mark(
    server: Server, tmp_path: Path, capsys: Any
) -> None:
    def choose(body: dict[str, Any]) -> dict[str, Any]:
        long = "Sentensi 3" in body["messages"][-1]["content"]
        text = "Okay, the user wants" if long else f"Okay.\n</think>\n{GOOD}"
        return {"message": {"content": text}, "finish_reason": "length" if long else "stop"}

    server.choice = choose
    options = arguments(server.url, tmp_path)
    assert main(options) == 0
    assert [r["output"] for r in records(tmp_path)] == [GOOD, GOOD, "", GOOD]
    assert records(tmp_path)[2]["finish"] == "thinking"
    assert "1 ended within the model's thinking" in capsys.readouterr().out
    before = (tmp_path / "run" / "segments.jsonl").read_bytes()
    assert main(options) == 0
    assert (tmp_path / "run" / "segments.jsonl").read_bytes() == before


def test_one_sentence_that_got_no_answer(server: Server, capsys: Any) -> None:
    server.choice = told(None, refusal="No.")
    options = ["--lang", "sw", "--test-set", "sample", "--shots", "0", "--pool", "none", "--model"]
    options += ["m", "--base-url", server.url, "--template", "chat", "Habari ya leo?"]
    assert translate(options) == 0
    assert "note: no answer: refused" in capsys.readouterr().err


SECRETS = ("amina", "s3cret", "hush-hush", "s3cret%21", "k%3Dey", "k=ey", "c2VjcmV0")


def test_secrets_of_the_address_are_written_nowhere(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    secret = server.url.replace("//", "//amina:s3cret%21@") + "/?token=hush-hush&x=k%3Dey"
    assert main([*arguments(secret, tmp_path), "-v"]) == 0
    assert server.asked[0]["path"] == "/v1/chat/completions?token=hush-hush&x=k%3Dey"
    assert set(server.keys) == {"Basic YW1pbmE6czNjcmV0IQ=="}  # printf 'amina:s3cret!' | base64
    asked = len(server.asked)
    assert main([*arguments(secret, tmp_path), "-v"]) == 0
    assert len(server.asked) == asked, "the run goes on"
    echo = f"no user amina:s3cret! at {secret} with hush-hush"
    for status in (400, 500, 200):
        server.faults.extend([lambda h, status=status: h.reply(status, {"error": echo})] * 40)
        assert main([*arguments(secret, tmp_path / "other"), "-v"]) == 1
        server.faults.clear()
    shown = "".join(capsys.readouterr())
    for path in tmp_path.rglob("*"):
        shown += path.read_text("utf-8") if path.is_file() else ""
    assert "no user" in shown
    assert not [text for text in (*SECRETS, "YW1pbmE6czNjcmV0IQ") if text in shown]
    assert server.url in shown


@pytest.mark.parametrize(
    "url",
    ["http://amina:s3cret@h:99999/v1", "http://amina:s3cret/4@h/v1", "amina:s3cret@h/v1",
     "http://amina:12?s3cret@h/v1", "http://amina:12#s3cret@h/v1", "ftp://amina:s3cret@h/",
     "http://[amina:s3cret@h/v1", "http://amina:s3cret@h\n/v1", "http://a..b/v1?key=s3cret"],
)  # fmt: skip
def test_an_address_that_is_none_is_not_shown_with_its_secrets(
    url: str, tmp_path: Path, capsys: Any
) -> None:
    assert main([*arguments(url, tmp_path), "-v"]) == 2
    shown = "".join(capsys.readouterr())
    assert "--base-url: expected http://HOST:PORT/v1, found one that holds secrets" in shown
    assert not [secret for secret in ("amina", "s3cret") if secret in shown.split("Traceback")[0]]
    assert "s3cret" not in shown.rpartition("error: ")[2]


def test_a_server_that_is_not_there_keeps_the_secrets(tmp_path: Path, capsys: Any) -> None:
    assert main([*arguments("http://amina:s3cret@127.0.0.1:9/v1?key=hush-hush", tmp_path)]) == 1
    shown = "".join(capsys.readouterr())
    assert "http://127.0.0.1:9/v1: no server answers" in shown
    assert not [secret for secret in SECRETS if secret in shown]


@pytest.mark.parametrize(
    "choice",
    [
        {"message": None, "finish_reason": "stop"},
        {"message": {"content": {"a": 1}}, "finish_reason": "stop"},
        {"delta": {"content": "x"}, "finish_reason": "stop"},
        {"text": ["x"], "message": 3, "finish_reason": "stop"},
        "x",
        None,
    ],
)
def test_a_choice_of_another_shape_is_no_answer(choice: Any) -> None:
    with pytest.raises(NoAnswerError, match=r"^expected an answer with one choice, found "):
        completion_from({"choices": [choice]})


def test_a_completion_by_hand(server: Server) -> None:
    server.choice = told("\n\n")
    backend = opened("openai", "m", 5, base_url=server.url)
    from tests.icl.server import requests

    assert list(backend.run(backend.plan(requests(1)))) == [[Completion("\n\n", "stop")]]
    assert len(server.asked) == 2, "asked once more without stop strings, and no more"
    server.choice = told(3)
    with pytest.raises(UnavailableError, match="expected an answer with one choice"):
        list(backend.run(backend.plan(requests(1))))


def test_a_comparison_refuses_answers_that_are_none(
    server: Server, tmp_path: Path, capsys: Any
) -> None:
    server.choice = told(GOOD)
    assert main(arguments(server.url, tmp_path)) == 0
    path = tmp_path / "run" / "segments.jsonl"
    path.write_text(path.read_text().replace(f'"output":"{GOOD}"', '"output":"<think>"', 1))
    folder = str(tmp_path / "run")
    assert compare([folder, folder, "--out", str(tmp_path / "c")]) == 2
    error = capsys.readouterr().err
    assert f"{folder}: 1 stored answers are none (" in error
    assert "run icl.eval with the same options, which asks again" in error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ({"code": "content_filter"}, True),
        ({"error": {"message": "x", "innererror": {"code": "ResponsibleAIPolicyViolation"}}}, True),
        ({"error": {"metadata": {"flagged_input": "a text"}}}, True),
        ({"error": {"message": "content_filter"}}, False),
        ({"error": "content_filter"}, False),
        (["content_filter"], False),
    ],
)
def test_what_a_filter_withheld(error: Any, expected: bool) -> None:
    assert withheld(error) is expected
