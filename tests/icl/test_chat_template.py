"""Chat templates: the text that `transformers` makes, one line for an error, and bounds."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from data.errors import InputError
from icl.engines.chat import chat_template, render_chat
from icl.eval import main
from tests.icl.conftest import byte_tokenizer

TURNS = [("user", "Habari\n yako?"), ("assistant", "Hello"), ("user", 'Asante "sana"')]

SAME = {
    "plain": "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}",
    "a model's": "{{ bos_token }}{% for message in messages %}\n"
    "    {% if message['role'] == 'user' %}\n[INST] {{ message['content'] | trim }} [/INST]\n"
    "    {%- elif loop.last %}x{% else %}"
    "{{ message['content'] + eos_token }}{% endif %}\n{% endfor %}\n"
    "{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% endif %}",
    "JSON": "{{ messages | tojson }}{{ messages | tojson(indent=2) }}{{ messages[0] | tojson }}",
    "loop controls": "{% for m in messages %}{% if loop.index == 2 %}{% continue %}{% endif %}"
    "{{ m.content }}{% if loop.index == 3 %}{% break %}{% endif %}{% endfor %}",
    "generation": "{% for m in messages %}{% generation %}{{ m.content }}\n{% endgeneration %}y"
    "{% endfor %}",
    "a namespace": "{% set ns = namespace(n=0) %}{% for m in messages %}{% set ns.n = ns.n + 1 %}"
    "{% endfor %}{{ ns.n }}{{ tools is none }}{{ documents is none }}{{ x is defined }}",
    "a macro": "{% macro say(m) %}{{ m.role | upper }}: {{ m.content }}{% endmacro %}"
    "{% for m in messages %}{{ say(m) }}{% endfor %}",
    "dates": "{{ strftime_now('%Y') }}",
    "methods": "{{ messages[0].content.split(' ') | join('+') }}{{ messages[0].items() | list }}",
}


@pytest.mark.parametrize("name", SAME)
def test_the_text_is_that_of_transformers(name: str) -> None:
    tokenizer = byte_tokenizer()
    tokenizer.chat_template = SAME[name]
    messages = [{"role": role, "content": content} for role, content in TURNS]
    expected = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    template, special = chat_template(tokenizer)
    assert render_chat(template, TURNS, special) == expected


FAULTS = {
    "it refuses": (
        "{{ raise_exception('System role\nnot supported') }}",
        "it says: System role not",
    ),
    "syntax": ("{% for m in %}", "line 1: Expected an expression"),
    "an unknown tag": ("a\n{% frob %}", "line 2: Encountered unknown tag 'frob'"),
    "undefined": ("{{ x.y.z }}", "'x' is undefined"),
    "unsafe": ("{{ ''.__class__.__mro__ }}", "access to attribute '__class__' of 'str' object is"),
    "changing data": (
        "{{ messages.append(1) }}",
        "access to attribute 'append' of 'list' object",
    ),
    "a type": ("{{ 1 + 'a' }}", "unsupported operand type"),
    "a value": ("{{ 'x' | int('a', 99) + ''.index('b') }}", ""),
    "nought": ("{{ 1 // 0 }}", "division or modulo by zero"),
    "a file": ("{% include '/etc/passwd' %}", "no loader for this environment"),
    "no module": ("{% import 'os' as os %}", "no loader for this environment"),
    "a long range": ("{% for i in range(10**9) %}x{% endfor %}", "Range too big"),
    "long loops": (
        "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
        "it takes more than 2 seconds",
    ),
    "one long sum": ("{{ 9 ** (9 ** 9) }}", "it takes more than"),
    "a long text": ("{{ 'a' * 10 ** 10 }}", "it takes more than 512 MB"),
    "doubling": (
        "{% set n = namespace(x='a') %}{% for i in range(99) %}{% set n.x = n.x ~ n.x %}"
        "{% endfor %}{{ n.x }}",
        "it takes more than 512 MB",
    ),
    "a wide column": ("{{ 'a' | center(10 ** 11) }}", "it takes more than 512 MB"),
    "a wide format": ("{{ '{:>99999999999}'.format('a') }}", "it takes more than 512 MB"),
    "a long list": ("{{ [0] * 10 ** 10 }}", "it takes more than 512 MB"),
    "much text": ("{{ 'a' * 20000000 }}", "it writes more than 10,000,000 characters"),
    "a macro without end": ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "it calls itself"),
    "deep": ("{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}", ""),
    "deep blocks": ("{% if 1 %}" * 3000 + "{% endif %}" * 3000, ""),
    "deep data": ("{{ " + "[" * 5000 + "]" * 5000 + " }}", ""),
    "half a pair": ("{{ '\\ud800' }}", "surrogates not allowed"),
    "a control": ("{{ raise_exception('\x1b]0;x\x07\u202e') }}", r"it says: \x1b]0;x\x07\u202e"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_one_line(name: str) -> None:
    template, reason = FAULTS[name]
    with pytest.raises(InputError) as caught:
        render_chat(template, TURNS, {})
    message = str(caught.value)
    assert reason in message
    assert message.isprintable()
    assert 0 < len(message) <= 210
    assert render_chat("{{ messages[0].role }}", TURNS, {}) == "user", "and the next one goes well"


@pytest.mark.parametrize("engine", ["ctranslate2", "transformers"])
@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{{ raise_exception('no system') }}", "it says: no system"),
        ("{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
         "it takes more than 2 seconds"),
    ],
)  # fmt: skip
def test_a_model_whose_template_refuses(
    engine: str, template: str, reason: str, tiny_decoder: Path, tmp_path: Path, capsys: object
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(tiny_decoder, folder)
    (folder / "chat_template.jinja").write_text(template)
    options = ["--lang", "sw", "--test-set", "sample", "--limit", "3", "--shots", "0", "--offline"]
    options += ["--model", str(folder), "--engine", engine, "--template", "chat"]
    assert main([*options, "--out", str(tmp_path / "run")]) == 2
    error = capsys.readouterr().err.splitlines()[-1]  # type: ignore[attr-defined]
    assert f"{folder}: the model's chat template cannot be used here: {reason}; " in error
    assert error.endswith("use --template plain")
