"""Renders chat templates in a process of its own, which the system bounds: see icl.engines.chat.

A template is a program by whoever made the model. Its loops, strings and recursion can be endless,
and no sandbox inside Python sees what one multiplication or filter will take; the system does.
A request is a line of JSON on stdin, an answer a line of JSON on stdout.

    python -P icl/engines/chat_worker.py

It imports no module of ours: it is run as a file, and starts in a fifth of a second.
"""

from __future__ import annotations

import json
import resource
import signal
import sys
from datetime import datetime
from typing import Any

from jinja2 import Template, TemplateError, TemplateSyntaxError, nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

CPU_SECONDS = 2.0  # a template: the longest of a public model takes some milliseconds
MEMORY_BYTES = 512 << 20
MOST_CHARACTERS = 10_000_000  # no model reads a prompt of this length
# What rendering can raise: a template calls methods of texts, lists and dicts, with any arguments.
_FAULTS: tuple[type[Exception], ...] = (
    TemplateError,
    ArithmeticError,
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
)
_FAULTS += (RuntimeError, SyntaxError, NameError, AssertionError)


class Generation(Extension):
    """`{% generation %}`: the part that a model learns from, which is nothing special here."""

    tags = {"generation"}  # noqa: RUF012  # so Jinja wants it

    def parse(self, parser: Any) -> nodes.Node | list[nodes.Node]:
        """The block's own statements."""
        next(parser.stream)
        statements: list[nodes.Node] = parser.parse_statements(["name:endgeneration"], True)
        return statements


def environment() -> ImmutableSandboxedEnvironment:
    """What `transformers` gives templates: trimmed blocks, `tojson`, `raise_exception`."""
    made = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols]
    )
    made.filters["tojson"] = _tojson
    made.globals["raise_exception"] = _raise_exception
    made.globals["strftime_now"] = lambda style: datetime.now().strftime(style)
    return made


def _tojson(value: Any, ensure_ascii: bool = False, **options: Any) -> str:
    return json.dumps(value, ensure_ascii=ensure_ascii, **options)


def _raise_exception(message: object) -> None:
    raise TemplateError(f"it says: {message}")


def answer(line: str, templates: dict[str, Template]) -> dict[str, str]:
    """The text of a request, or why there is none."""
    request = json.loads(line)
    try:
        if request["template"] not in templates:
            templates[request["template"]] = environment().from_string(request["template"])
        text = templates[request["template"]].render(request["fields"])
        text.encode()  # half of a surrogate pair is a ValueError: it can be in no prompt
    except TemplateSyntaxError as error:
        return {"error": f"line {error.lineno}: {error.message}"}
    except RecursionError:
        return {"error": "it calls itself without end"}
    except MemoryError:
        return {"error": f"it takes more than {MEMORY_BYTES >> 20} MB"}
    except _FAULTS as error:
        return {"error": str(error)[:1000] or type(error).__name__}
    if len(text) > MOST_CHARACTERS:
        return {"error": f"it writes more than {MOST_CHARACTERS:,} characters"}
    return {"text": text}


def main() -> None:
    """Answer requests until there are no more."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    templates: dict[str, Template] = {}
    for line in sys.stdin:
        # Nobody catches SIGPROF: the system ends the process, whatever it is in the middle of.
        signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
        made = answer(line, templates)
        signal.setitimer(signal.ITIMER_PROF, 0)
        sys.stdout.write(f"{json.dumps(made)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
