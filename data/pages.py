r"""HTML pages from Jinja templates: one environment for every room's report.

Text from corpora, models and servers is escaped, never HTML, and its control characters are spelt
out (`data.terminal.printable`): what a report shows can neither command nor reorder the page.

>>> page_environment({"x.j2": "<p>{{ text }}</p>"}).get_template("x.j2").render(text="<b>\u202e")
'<p>&lt;b&gt;\\u202e</p>'
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from data.terminal import printable

if TYPE_CHECKING:
    from jinja2 import Environment, Template


def page_environment(*sources: str | Mapping[str, str]) -> Environment:
    """The environment of packages' templates (`"icl"`), or of texts by name; the first has it.

    What a template lacks is an error.
    """
    from jinja2 import ChoiceLoader, DictLoader, Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=ChoiceLoader(
            [
                PackageLoader(source, ".") if isinstance(source, str) else DictLoader(source)
                for source in sources
            ]
        ),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalized,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def page_template(package: str, name: str) -> Template:
    """A template beside a package's modules: `page_template("icl", "report.html.j2")`."""
    return page_environment(package).get_template(name)


def _finalized(value: Any) -> Any:
    """What an expression of a template gave, as it may stand on the page."""
    from jinja2 import Undefined

    if isinstance(value, str):  # a `Markup` stays one: `escape` made it, of text from anywhere
        return type(value)(printable(value))
    return value if isinstance(value, Undefined) else printable(str(value))
