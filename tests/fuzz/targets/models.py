"""Model folders and GGUF files: configurations, tokenizers, chat templates, weights; and prompts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.fuzz.made import content, copied
from tests.fuzz.target import Target, drain
from tests.models.test_e5 import packed

TEMPLATE = (
    'query = "Translate from {source_language} to {target_language}: {source}\\n{dictionary}"\nanswer = "{target}"\n'
    'separator = "\\n###\\n"\nprefix = "Below are {target_language} sentences.\\n"\nstop = ["\\n", "###"]\n'
    'dictionary = "Words: {entries}\\n"\nentry = "{word}: {meanings}"\nbetween_entries = "; "\nchat = false\n',
    'query = "{source}"\nanswer = "{target}"\nsource_start = "{source_flores}"\ntarget_start = "{target_flores}"\n',
)
CHATS = (
    "{% for m in messages %}<s>{{ m.role }}: {{ m.content }}</s>{% endfor %}{% if add_generation_prompt %}<s>assistant: {% endif %}",
    "{{ bos_token }}{% for message in messages %}{% if message['role'] not in ['user', 'assistant', 'system'] %}"
    "{{ raise_exception('Roles must alternate') }}{% endif %}{{ message['content'] | trim }}{% endfor %}",
)


def targets() -> Iterator[Target]:
    """One row a file of a model folder."""
    run = copied("decoder")
    for name in (
        "config.json",
        "generation_config.json",
        "tokenizer.json",
        "tokenizer_config.json",
    ):
        kind = "chat" if name == "tokenizer_config.json" else "json"
        yield Target(
            f"models/{name}",
            kind,
            content("decoder", f"run/{name}"),
            _answered,
            file=name,
            beside=run,
            weight=0.3,
        )
    yield Target(
        "models/chat-template",
        "jinja",
        CHATS,
        _answered,
        file="chat_template.jinja",
        beside=run,
        weight=0.3,
    )
    yield Target("models/special-tokens", "json", ('{"bos_token": "<s>", "eos_token": {"content": "</s>", "lstrip": false}, "extra": ["<x>"]}',),
                 _answered, file="special_tokens_map.json", beside=run, weight=0.1)  # fmt: skip
    yield Target("models/safetensors", "tensors", content("decoder", "run/model.safetensors"), _answered,
                 file="model.safetensors", beside=run, weight=0.2)  # fmt: skip
    yield Target(
        "models/gguf",
        "numbers",
        content("gguf", "model.gguf"),
        lambda path: _answer(path, chat=False),
        file="m.gguf",
        weight=0.1,
    )
    yield Target("models/e5", "numbers", (packed(),), _unpacked_e5, file="e5.bin")
    yield Target("models/prompts", "json", ('{"prompts": {"query": "query: "}}',), _prompts,
                 file="config_sentence_transformers.json")  # fmt: skip
    yield Target("models/tokenizer-fertility", "json", content("decoder", "run/tokenizer.json"), _fertility, file="tokenizer.json",
                 beside=run, weight=0.1)  # fmt: skip
    yield Target("icl/template", "toml", TEMPLATE, _rendered, file="t.toml")
    yield Target("icl/prompt", "text", ("Paka amelala.\nA cat sleeps.\n###\n<s> x",), _prompted)


def _answered(path: Path) -> None:
    _answer(path.parent)


def _answer(model: Path, *, chat: bool = True) -> None:
    """A prompt and a chat of one question, answered as `icl.eval` would have it."""
    from data.access import Access
    from icl.engines import EngineOptions, Request, Settings, open_backend
    from icl.prompt import Prompt

    options = EngineOptions(str(model), "transformers", max_new_tokens=2)
    backend = open_backend(Settings(options, ("\n",), Access(offline=True)))
    prompts = (Prompt("Paka"), Prompt("", (("system", "Translate."), ("user", "Paka"))))
    asked = prompts[: 1 + chat]
    requests = [Request(str(n), "Paka", prompt) for n, prompt in enumerate(asked)]
    short = [request for request in requests if backend.fits(request.prompt)]
    drain(backend.run(backend.plan(short)))


def _unpacked_e5(path: Path) -> None:
    from models.e5 import unpack_e5

    out = path.with_suffix(".out")
    out.mkdir()
    unpack_e5(path, out)


def _prompts(path: Path) -> None:
    from models.encoder import prompts_of

    prompts_of(path.parent)


def _fertility(path: Path) -> None:
    from tests.fuzz.commands import run_command
    from training.tokenizer.__main__ import main

    run_command(main, "fertility", str(path.parent), "--text", "sample:sw", "--offline")


def _rendered(path: Path) -> None:
    from data.parallel import Pair
    from icl.prompt import Hint, Languages, extract_answer, render
    from icl.templates import load_template

    template = load_template(str(path))
    languages = Languages("Swahili", "English", "swh_Latn", "eng_Latn", "sw", "en")
    shots = [Pair("1", "Mvua {x}", "Rain </s> ###"), Pair("2", "a\nb", "{source}")]
    render(
        template,
        shots,
        "Paka {0} ###",
        languages,
        lambda _: (Hint("paka", ("cat", "{b}")),),
        ("</s>",),
    )
    extract_answer("A cat.\n\n### x", template.stop)


def _prompted(path: Path) -> None:
    """Hostile sentences in every named template: no stop string or delimiter of theirs gets through."""
    from data.parallel import Pair
    from icl.prompt import Languages, render
    from icl.templates import TEMPLATES

    text = path.read_bytes().decode("utf-8", "replace")
    source, _, target = text.partition("\n")
    languages = Languages("Swahili", "English", "swh_Latn", "eng_Latn", "sw", "en")
    for template in TEMPLATES.values():
        render(template, [Pair("1", source, target)], text, languages, special=("<s>", "</s>"))
