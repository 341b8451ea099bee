"""How names, numbers and directions are written on a page: names are data, never HTML.

Streamlit reads Markdown in most of its labels, so what comes from a data set is shown in tables, in
lists of options, and in HTML that this module escapes.

>>> named("[Ewe](http://x) <script>")
'<bdi dir="ltr">[Ewe](http://x) &lt;script&gt;</bdi>'
>>> named("ייִדיש", "yi")
'<bdi lang="yi" dir="rtl">ייִדיש</bdi>'
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from data.terminal import printable

UNKNOWN = "not known"
NOT_A_FIGURE = "–"

# Each script falls to the first family that the reader's machine has; docs/LINGUISTS.md tells how
# to install them. The canvas of tables and charts takes the same list.
FONTS = (
    "'Noto Sans', 'Source Sans', 'Noto Sans Arabic', 'Noto Naskh Arabic', 'Noto Sans Devanagari', "
    "'Noto Sans Ethiopic', 'Noto Sans NKo', 'Noto Sans Khmer', 'Abyssinica SIL', 'Khmer OS', "
    "'DejaVu Sans', sans-serif"
)

STYLE_SHEET = Path(__file__).with_name("style.css").read_text("utf-8")
STYLE = f"<style>{STYLE_SHEET}.stApp, .stApp bdi, .kl-prompt {{ font-family: {FONTS}; }}</style>"

KIND_NAMES: Mapping[str, str] = {
    "test_set": "test set",
    "lexicon": "lexicon",
    "inflection": "inflection table",
    "tagged": "tagged text",
    "parallel": "parallel text",
    "utterances": "intents and slots",
    "labelled": "labelled text",
    "text": "text",
    "speech": "speech",
    "pronunciation": "pronunciations",
    "word_list": "word list",
    "scripture": "scripture",
}


def escape(text: str) -> str:
    r"""Text as HTML: no tag of it is one, and no control character reaches the page.

    >>> print(escape("<b>\u202egod"))
    &lt;b&gt;\u202egod
    """
    return html.escape(printable(text))


def named(text: str, tag: str = "") -> str:
    """A name as HTML: escaped, with its language, and with the direction of its own script."""
    language = f' lang="{escape(tag)}"' if tag else ""
    return f'<bdi{language} dir="{direction(text)}">{escape(text)}</bdi>'


def aside(text: str) -> str:
    """A remark as HTML: what st.caption shows, without the library that reads Markdown.

    >>> print(aside("Empty is <not known>"))
    <p class="kl-source">Empty is &lt;not known&gt;</p>
    """
    return f'<p class="kl-source">{escape(text)}</p>'


def escape_markdown(text: str) -> str:
    """Text in which Streamlit finds no Markdown, without control characters.

    >>> print(escape_markdown("[x](http://y) *z*"))
    \\[x\\](http\\://y) \\*z\\*
    """
    shown = printable(text)
    return "".join(f"\\{letter}" if letter in r"\`*_[]#$:~<>|" else letter for letter in shown)


def direction(text: str) -> str:
    """ "rtl" for a text whose first letter runs from right to left, else "ltr".

    A language may be written in several scripts, so the text itself tells and not its language.

    >>> direction("العربية"), direction("ߒߞߏ"), direction("አማርኛ"), direction("")
    ('rtl', 'rtl', 'ltr', 'ltr')
    """
    strong = (unicodedata.bidirectional(character) for character in text)
    return "rtl" if next((k for k in strong if k in ("L", "R", "AL")), "L") != "L" else "ltr"


def number(value: float | None) -> str:
    """A figure with thousands separated; words where none is known.

    >>> number(80000000), number(None), number(0)
    ('80,000,000', 'not known', '0')
    """
    return UNKNOWN if value is None else f"{value:,.0f}"


def people(value: float | None) -> str:
    """A number of speakers, rounded to two figures: more would be a precision that nobody has.

    >>> people(9_881_829_582), people(161_900_000), people(4_321), people(None)
    ('about 9.9 billion', 'about 160 million', 'about 4,300', 'not known')
    >>> people(87), people(0)
    ('about 87', '0')
    """
    if value is None or not value:
        return number(value)
    digits = max(0, len(str(int(value))) - 2)
    rounded = round(int(value), -digits)
    for size, name in ((10**9, "billion"), (10**6, "million")):
        if rounded >= size:
            return (
                f"about {rounded / size:.2g} {name}"
                if rounded < 100 * size
                else (f"about {rounded // size} {name}")
            )
    return f"about {rounded:,}"


def quantity(value: float | None, unit: str, plural: str = "") -> str:
    """A figure and its unit.

    >>> quantity(1, "language"), quantity(8605, "language"), quantity(3, "family", "families")
    ('1 language', '8,605 languages', '3 families')
    """
    return f"{number(value)} {unit if value == 1 else plural or unit + 's'}"


def table(
    rows: Iterable[Iterable[str]],
    header: Iterable[str] = (),
    numbers: Iterable[int] = (),
    headed: bool = True,
    keep: bool = False,
) -> str:
    """An HTML table of cells that are HTML already; on a phone each row is a block.

    Args:
        numbers: the columns, from 0, that stand flush right.
        headed: whether the first cell of a row is its heading.
        keep: whether it is so narrow that a phone shows it as a table, too.
    """
    right = frozenset(numbers)
    header = list(header)

    def cell(tag: str, at: int, content: str) -> str:
        scope = ' scope="col"' if tag == "hd" else ' scope="row"' if tag == "hr" else ""
        kind = ' class="number"' if at in right else ""
        name = "th" if scope else "td"
        told = header[at] if name == "td" and at < len(header) else ""
        label = f' data-label="{_TAGS.sub("", told)}"' if told else ""
        return f"<{name}{scope}{kind}{label}>{content}</{name}>"

    head = "".join(cell("hd", at, content) for at, content in enumerate(header))
    body = (
        "".join(
            cell("hr" if headed and at == 0 else "d", at, content) for at, content in enumerate(row)
        )
        for row in rows
    )
    lines = "".join(f"<tr>{row}</tr>" for row in body)
    heading = f"<thead><tr>{head}</tr></thead>" if head else ""
    kept = " kl-keep" if keep else ""
    return f'<table class="kl-table{kept}">{heading}<tbody>{lines}</tbody></table>'


_TAGS = re.compile("<[^<>]*>")


def link(address: str, text: str) -> str:
    """A link to a web address; any other kind of address is shown as text.

    >>> link("https://glottolog.org", "Glottolog")
    '<a href="https://glottolog.org" target="_blank" rel="noopener">Glottolog</a>'
    >>> link("javascript:alert(1)", "Glottolog")
    'Glottolog'
    """
    if not address.startswith(("https://", "http://")):
        return escape(text)
    return f'<a href="{escape(address)}" target="_blank" rel="noopener">{escape(text)}</a>'


Address = Callable[[str], str]


def language_link(row: Mapping[str, Any], address: Address | None = None) -> str:
    """A language's name as a link to its page, as HTML.

    >>> swahili = {"glottocode": "swah1253", "name": "Swahili"}
    >>> language_link(swahili, "../language/{}.html".format)
    '<a href="../language/swah1253.html">Swahili</a>'

    Args:
        row: with its `glottocode` and `name`.
        address: of the page by glottocode, "" where there is none; by default the app's.
    """
    code = row["glottocode"]
    if address is None:
        return f'<a href="language?lang={escape(code)}" target="_self">{named(row["name"])}</a>'
    # A page of the atlas has fifty names: those that can turn nothing round need no element.
    name = escape(row["name"]) if row["name"].isascii() else named(row["name"])
    return f'<a href="{escape(address(code))}">{name}</a>' if address(code) else name


@cache
def script_name(code: str) -> str:
    """The English name of a script and its ISO 15924 code.

    >>> script_name("Ethi"), script_name("(none)")
    ('Ethiopic (Ethi)', '(none)')
    """
    import langcodes

    name = langcodes.Language.make(script=code).script_name() if len(code) == 4 else code
    return f"{name} ({code})" if name != code and "Unknown" not in name else code


@cache
def country_name(code: str) -> str:
    """The English name of a country and its ISO 3166 code.

    >>> country_name("TZ")
    'Tanzania (TZ)'
    """
    import langcodes

    name = langcodes.Language.make(territory=code).territory_name() if len(code) == 2 else code
    return f"{name} ({code})" if name != code and "Unknown" not in name else code
