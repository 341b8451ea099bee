"""The base that every report.html stands on: a single file that opens without a network.

A room's template begins with `{% extends "base.html.j2" %}`, fills the block `content` (and
`style`, for what it alone needs) and takes `text`, `scroll`, `score_cell` and `scale` from
`macros.html.j2`. The base shows the project and its version, the title, the command and settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.files import write_whole
from data.languages import Language, is_right_to_left
from data.pages import page_environment
from runfolder.folder import version_of

if TYPE_CHECKING:
    from jinja2 import Template


@cache
def template(package: str, name: str) -> Template:
    """A template beside the modules of a package, `("icl", "report.html.j2")`, and the base."""
    return page_environment(package, "runfolder").get_template(name)


def render(
    package: str,
    name: str,
    *,
    title: str,
    command: str = "",
    settings: Mapping[str, Any] | None = None,
    **values: Any,
) -> str:
    """The HTML of a page.

    Args:
        package, name: where its template lies.
        command: how to get it again, see `data.options.command_line`.
        settings: a list of names and values at the end of the page.
        values: what the template shows.
    """
    shown = {name: value for name, value in (settings or {}).items() if value not in (None, "", [])}
    page = {"title": title, "command": command, "settings": shown}
    return template(package, name).render(**page, version=version_of("kilolingua"), **values)


def write_page(path: Path, package: str, name: str, **values: Any) -> Path:
    """Write a page so that it appears whole (see `render`), and return its path."""
    write_whole(path, render(package, name, **values))
    return path


def language_attributes(language: Language) -> dict[str, str]:
    """Name, code and direction of a language, as the macro `text` takes them."""
    direction = "rtl" if is_right_to_left(language) else "ltr"
    return {"name": language.name, "code": language.bcp47, "dir": direction}
