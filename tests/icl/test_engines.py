"""The engines that run a model here: same outputs from both, at any batch size, cached or not."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from data.errors import InputError, UnavailableError
from data.parallel import Pair
from icl.engines import Batch, Completion, Request
from icl.engines.tokenization import PromptTokenizer, batches_by_length, common_prefix, until_stop
from icl.prompt import Languages, Prompt, render
from icl.templates import TEMPLATES
from models.resolve import resolve_model
from tests.icl.conftest import byte_tokenizer
from tests.icl.opened import opened as open_engine

SOURCES = [
    "Habari ya asubuhi.",
    "Mtoto anasoma kitabu.",
    "Mvua ilinyesha usiku kucha mjini.",
    "Je, utakuja kesho?",
    "Samaki huyu ni mkubwa sana kuliko wote tuliowahi kuvua ziwani mwaka huu.",
    "Ndiyo.",
    "Walimu walifika.",
]
LANGUAGES = Languages("Swahili", "English")
SHOT = Pair("1", "Asante sana.", "Thank you very much.", None)


def requests(template: str = "plain") -> list[Request]:
    prompts = [render(TEMPLATES[template], [SHOT], s, LANGUAGES) for s in SOURCES]
    return [Request(str(i), SOURCES[i], prompt) for i, prompt in enumerate(prompts)]


def opened(engine: str, model: Path, **changes: Any) -> Any:
    return open_engine(engine, model, 12, **changes)


def completions(
    engine: str, model: Path, template: str = "plain", **changes: object
) -> dict[str, Completion]:
    backend = opened(engine, model, **changes)
    batches = backend.plan(requests(template))
    return {
        request.id: completion
        for batch, made in zip(batches, backend.run(batches), strict=True)
        for request, completion in zip(batch.requests, made, strict=True)
    }


def outputs(engine: str, model: Path, template: str = "plain", **changes: object) -> dict[str, str]:
    made = completions(engine, model, template, **changes)
    return {name: completion.text for name, completion in made.items()}


def naive_outputs(model: Path) -> dict[str, str]:
    """Greedy decoding spelt out: the whole prompt again for each token, no cache, no batch."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model)
    network = AutoModelForCausalLM.from_pretrained(model)
    found = {}
    for request in requests():
        ids = tokenizer(request.prompt.text).input_ids
        new: list[int] = []
        while len(new) < 12:
            with torch.inference_mode():
                new.append(int(network(torch.tensor([ids + new])).logits[0, -1].argmax()))
            if new[-1] == 257 or "\n" in tokenizer.decode(new[-1:]):
                break
        found[request.id] = tokenizer.decode(new, skip_special_tokens=True)
    return found


@pytest.mark.parametrize("engine", ["transformers", "ctranslate2"])
@pytest.mark.parametrize("batch_size", [1, 3, 8])
def test_engine_agrees_with_greedy_decoding_spelt_out(
    engine: str, batch_size: int, tiny_decoder: Path
) -> None:
    expected = naive_outputs(tiny_decoder)
    assert len(set(expected.values())) > 3, "a model that says one thing would prove nothing"
    assert outputs(engine, tiny_decoder, batch_size=batch_size) == expected


@pytest.mark.parametrize("engine", ["transformers", "ctranslate2"])
def test_every_end_that_the_model_names_ends_an_answer(
    engine: str, tiny_decoder: Path, tmp_path: Path
) -> None:
    """Chat models have several: one ends a turn, one a text. Here a letter is the second one."""
    whole = naive_outputs(tiny_decoder)
    letter = next(c for text in whole.values() for c in text[1:] if c.isascii() and c.isalnum())
    folder = Path(shutil.copytree(tiny_decoder, tmp_path / "model"))
    ends = [257, byte_tokenizer().convert_tokens_to_ids(letter)]
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": ends}), "utf-8")
    expected = {name: text[: text.find(letter) + 1] or text for name, text in whole.items()}
    assert expected != whole
    made = completions(engine, folder)
    assert {name: one.text for name, one in made.items()} == expected
    ended = {one.finish for name, one in made.items() if letter in whole[name]}
    assert ended == {"stop"}, "the end that an engine met is none that was cut off"


def test_chat_template_is_laid_out_by_the_tokenizer(tiny_decoder: Path) -> None:
    tokenizer = PromptTokenizer(resolve_model(str(tiny_decoder)))
    prompt = Prompt("", (("user", "Habari"), ("assistant", "Hello"), ("user", "Asante")))
    text = "<s>user: Habari</s><s>assistant: Hello</s><s>user: Asante</s><s>assistant: "
    assert tokenizer.encode(prompt) == tokenizer.encode(Prompt(text))
    by_engine = [outputs(e, tiny_decoder, "chat") for e in ("transformers", "ctranslate2")]
    assert by_engine[0] == by_engine[1]


def test_encoder_decoder_reads_the_whole_prompt(tiny_encoder_decoder: Path) -> None:
    found = outputs("transformers", tiny_encoder_decoder, "alexatm", batch_size=1)
    assert found == outputs("transformers", tiny_encoder_decoder, "alexatm", batch_size=4)
    assert len(set(found.values())) > 1


def test_auto_takes_ctranslate2_on_a_cpu(tiny_decoder: Path, tiny_encoder_decoder: Path) -> None:
    assert opened("auto", tiny_encoder_decoder).identity["engine"] == "ctranslate2"
    assert opened("auto", tiny_decoder).identity == {
        "model": "tiny-llama",
        "revision": opened("transformers", tiny_decoder).identity["revision"],
        "engine": "ctranslate2",
        "dtype": "float32",
    }


def test_int8_stands_in_the_identity(tiny_decoder: Path) -> None:
    backend = opened("ctranslate2", tiny_decoder, dtype="int8")
    assert backend.identity["dtype"] == "int8"


def test_plan_hangs_on_the_requests_alone(tiny_decoder: Path) -> None:
    backend = opened("ctranslate2", tiny_decoder, batch_size=2)
    first, second = backend.plan(requests()), backend.plan(requests())
    assert first == second
    lengths = [len(s) for batch in first for s in batch.suffixes]
    assert lengths == sorted(lengths, reverse=True)


def test_prefix_is_cut_in_ids_not_in_text() -> None:
    """A piece that spans the end of the shot and the start of the query stays whole."""
    pieces = {"a": 1, "\n": 2, "\n\n": 3, "b": 4, "\n\nb": 5, "c": 6}
    whole = [[pieces["a"], pieces["\n\nb"]], [pieces["a"], pieces["\n\n"], pieces["c"]]]
    assert common_prefix(whole) == (pieces["a"],)
    made = [Request(str(i), "", Prompt("")) for i in range(2)]
    [batch] = batches_by_length(made, whole, 8)
    assert batch == Batch((made[1], made[0]), (1,), ((3, 6), (5,)))


def test_until_stop_without_a_stop() -> None:
    assert until_stop([1, 2], frozenset({9})) == ([1, 2], False)


def test_code_in_a_model_folder_never_runs(tiny_decoder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(tiny_decoder, folder)
    marker = tmp_path / "it-ran"
    code = f"open({str(marker)!r}, 'w')\nclass Evil:\n    pass\n"
    (folder / "evil.py").write_text(code, "utf-8")
    for name, auto in (("tokenizer_config.json", "AutoTokenizer"), ("config.json", "AutoConfig")):
        path = folder / name
        path.write_text(
            json.dumps({**json.loads(path.read_text()), "auto_map": {auto: "evil.Evil"}})
        )
    for engine in ("transformers", "ctranslate2"):
        assert outputs(engine, folder) == outputs(engine, tiny_decoder)
    assert not marker.exists()


def test_damaged_tokenizer(tiny_decoder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(tiny_decoder, folder)
    (folder / "tokenizer.json").write_text('{"model": {}}', "utf-8")
    backend = opened("transformers", folder)
    with pytest.raises(InputError, match="no usable tokenizer: "):
        backend.plan(requests())


@pytest.mark.parametrize(
    ("engine", "changes", "message"),
    [
        ("ctranslate2", {"dtype": "float8"}, '--dtype "float8": ctranslate2 has'),
        ("transformers", {"dtype": "int8"}, '--dtype "int8": transformers has'),
        ("vllm", {}, '--engine "vllm": expected one of auto, ctranslate2, transformers, openai'),
    ],
)
def test_what_an_engine_has_not(
    engine: str, changes: dict[str, str], message: str, tiny_decoder: Path
) -> None:
    with pytest.raises(InputError, match=message):
        opened(engine, tiny_decoder, **changes)


def test_ctranslate2_refuses_what_it_cannot_convert(tiny_decoder: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_decoder, tmp_path / "model"))
    (folder / "config.json").write_text('{"model_type": "mamba"}', "utf-8")
    with pytest.raises(InputError, match=r'for "mamba" \(bloom, .*use --engine transformers'):
        opened("ctranslate2", folder)
    assert opened("auto", folder).identity["engine"] == "transformers"


def test_a_device_or_a_package_that_is_not_there(
    tiny_decoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    backend = opened("transformers", tiny_decoder, device="cuda")
    with pytest.raises(UnavailableError, match="--device cuda: no CUDA device here; use --device"):
        list(backend.run(backend.plan(requests())))
    monkeypatch.setitem(sys.modules, "ctranslate2", None)
    backend = opened("ctranslate2", tiny_decoder)
    with pytest.raises(UnavailableError, match=r'"ctranslate2" is not installed; .*\[cpu\]'):
        list(backend.run(backend.plan(requests())))


@pytest.mark.parametrize("model", ["tiny_decoder", "tiny_encoder_decoder"])
def test_how_an_answer_ended_is_the_same_from_both(
    model: str, request: pytest.FixtureRequest
) -> None:
    """At the end of the text, at a stop string, or where the limit cut it."""
    folder = request.getfixturevalue(model)
    [first, *_] = outputs("transformers", folder).values()
    finishes = []
    for engine in ("transformers", "ctranslate2"):
        found = []
        for new, stop in ((4, ("\n",)), (40, ("\n",)), (40, ("a", "e", first[2:3]))):
            backend = open_engine(engine, folder, new, stop)
            plan = backend.plan(requests())
            rows = [one for batch in backend.run(plan) for one in batch]
            found += [(one.text, one.finish) for one in rows]
        finishes.append(found)
    assert finishes[0] == finishes[1]
    assert {finish for _, finish in finishes[0]} == {"stop", "length"}
