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
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache

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

STYLE = f"""<style>
.stApp, .stApp bdi {{ font-family: {FONTS}; }}
.block-container {{ padding: 4rem 3rem 2rem; }}
.kl-title {{ font-size: 2rem; font-weight: 600; line-height: 1.3; margin: 0; }}
.kl-endonym {{ font-size: 1.4rem; color: #44505c; line-height: 1.6; margin: 0; }}
.kl-table {{ border-collapse: collapse; font-variant-numeric: tabular-nums; }}
.kl-table th, .kl-table td {{ text-align: left; padding: .25rem .9rem .25rem 0; vertical-align: top;
  border-bottom: 1px solid rgba(128,128,128,.25); }}
.kl-table td.number, .kl-table th.number {{ text-align: right; }}
.kl-table th[scope=row] {{ font-weight: 600; min-width: 6rem; }}
.kl-source {{ color: #5c6670; font-size: .85rem; }}
.kl-prompt {{ white-space: pre-wrap; font-family: {FONTS}; background: rgba(128,128,128,.1);
  border-radius: .4rem; padding: .6rem .9rem; margin: 0; }}
/* Streamlit's own export of a table would neutralise no formulas; ours stand below it. */
button[aria-label^="Download as CSV"] {{ display: none; }}
/* The map and the bars: map.js, bars.js. */
.kl-map {{ display: flex; gap: 1rem; }}
.kl-ground {{ position: relative; flex: 1; min-width: 0; border: 1px solid #c3ccd3; }}
.kl-ground canvas {{ display: block; width: 100%; height: 100%; touch-action: pan-y; }}
.kl-tip {{ position: absolute; pointer-events: none; z-index: 1; padding: .1rem .5rem;
  color: #1d252c; background: #fff; border: 1px solid #c3ccd3; border-radius: .25rem;
  white-space: nowrap; }}
.kl-legend, .kl-bars {{ font-size: .82rem; line-height: 1.25; }}
.kl-legend ul {{ list-style: none; margin: .2rem 0 0; padding: 0; }}
.kl-map .kl-legend li {{ margin: 0; max-width: 13rem; font-size: .82rem; }}
.kl-legend svg {{ width: .65rem; height: .65rem; margin-inline-end: .4rem; }}
.kl-bars {{ display: grid; gap: 1rem;
  grid-template-columns: repeat(auto-fit, minmax(18rem, 1fr)); }}
.kl-bars h3 {{ font-size: 1.6rem; font-weight: 600; margin: 0 0 .5rem; padding: 0; }}
.kl-bar {{ display: grid; grid-template-columns: minmax(0, 9rem) 1fr; gap: .5rem; width: 100%;
  align-items: center; height: 1.5rem; padding: 0; border: 0; background: none; color: inherit;
  font: inherit; text-align: end; cursor: pointer; }}
.kl-bar bdi {{ overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }}
.kl-room {{ display: flex; align-items: center; gap: .4rem; text-align: start; white-space: nowrap;
  font-variant-numeric: tabular-nums; }}
.kl-length {{ height: 1.15rem; background: #7fb7b2; }}
.kl-bar:hover .kl-length {{ background: #5fa39d; }}
.kl-bar[aria-pressed=true] {{ font-weight: 700; }}
.kl-bar[aria-pressed=true] .kl-length {{ background: #0b6e69; }}
/* The table: table.js. */
.kl-hidden {{ position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap; }}
.kl-rows {{ position: relative; font-size: .875rem; line-height: 1.5; }}
.kl-rows button {{ font: inherit; color: inherit; background: none; border: 0; cursor: pointer; }}
.kl-rows .kl-skip {{ position: absolute; z-index: 4; left: .5rem; top: .4rem; padding: .1rem .6rem;
  background: var(--st-background-color, #fff); border: 1px solid currentColor; }}
.kl-rows .kl-skip:not(:focus) {{ opacity: 0; pointer-events: none; }}
.kl-scroll {{ max-height: 420px; overflow: auto; border: 1px solid rgba(128,128,128,.35);
  border-radius: .25rem; }}
.kl-rows table {{ table-layout: fixed; border-collapse: separate; border-spacing: 0; margin: 0;
  font-variant-numeric: tabular-nums; }}
.kl-rows th, .kl-rows td {{ padding: .25rem .6rem; border: 0; height: 2rem; text-align: left;
  border-bottom: 1px solid rgba(128,128,128,.2); white-space: nowrap; font-weight: 400; }}
.kl-rows thead > tr > *, .kl-rows td:first-child, .kl-rows th[scope=row] {{
  position: sticky; z-index: 1; background-color: var(--st-background-color, #fff); }}
.kl-rows .long {{ overflow: hidden; text-overflow: ellipsis; }}
.kl-rows .number {{ text-align: right; }}
.kl-rows .none {{ color: color-mix(in srgb, currentColor 70%, transparent); }}
.kl-rows thead > tr > * {{ top: 0; z-index: 2; padding: 0;
  border-bottom: 1px solid rgba(128,128,128,.6); }}
.kl-rows thead button {{ width: 100%; padding: .3rem .6rem; font-weight: 600;
  text-align: inherit; }}
.kl-arrow:not(:empty) {{ margin-inline-start: .3em; }}
.kl-rows td:first-child {{ left: 0; padding: 0; }}
.kl-rows th[scope=row], .kl-rows th:nth-child(2) {{ left: 2.5rem; font-weight: 600;
  border-right: 1px solid rgba(128,128,128,.35); }}
.kl-rows thead td:first-child, .kl-rows thead th:nth-child(2) {{ z-index: 3; }}
.kl-rows .kl-mark {{ display: grid; place-items: center; width: 2.5rem; height: 2rem; padding: 0; }}
.kl-mark::before {{ content: ""; box-sizing: border-box; width: 14px; height: 14px;
  border: 2px solid rgba(128,128,128,.8); border-radius: 50%; }}
.kl-mark:hover::before {{ border-color: currentColor; }}
.kl-mark[aria-pressed=true]::before {{ border: 4px solid currentColor; }}
.kl-marked > * {{ background-image: linear-gradient(rgba(11,110,105,.14) 0 0); }}
.kl-rows a {{ color: var(--st-link-color, inherit); }}
.kl-rows .long bdi {{ display: inline-block; max-width: 100%; overflow: hidden;
  text-overflow: ellipsis; vertical-align: bottom; }}
.kl-pager {{ display: flex; gap: .25rem; align-items: center; margin-top: .4rem; }}
.kl-pager p {{ font-size: inherit; margin: 0 auto 0 0; font-variant-numeric: tabular-nums; }}
.kl-pager button {{ padding: .15rem .7rem; border-radius: .25rem; }}
.kl-pager button:hover {{ background: rgba(128,128,128,.15); }}
.kl-pager button[aria-disabled=true] {{ opacity: .5; cursor: default; background: none; }}
mark {{ background: #ffe9a8; color: inherit; border-bottom: 2px solid #8a6d00; }}
</style>"""

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
) -> str:
    """An HTML table of cells that are HTML already.

    Args:
        numbers: the columns, from 0, that stand flush right.
        headed: whether the first cell of a row is its heading.
    """
    right = frozenset(numbers)

    def cell(tag: str, at: int, content: str) -> str:
        scope = ' scope="col"' if tag == "hd" else ' scope="row"' if tag == "hr" else ""
        kind = ' class="number"' if at in right else ""
        name = "th" if scope else "td"
        return f"<{name}{scope}{kind}>{content}</{name}>"

    head = "".join(cell("hd", at, content) for at, content in enumerate(header))
    body = (
        "".join(
            cell("hr" if headed and at == 0 else "d", at, content) for at, content in enumerate(row)
        )
        for row in rows
    )
    lines = "".join(f"<tr>{row}</tr>" for row in body)
    heading = f"<thead><tr>{head}</tr></thead>" if head else ""
    return f'<table class="kl-table">{heading}<tbody>{lines}</tbody></table>'


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
