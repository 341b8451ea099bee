"""Damage that knows the file: a wrong type in JSON, a column renamed, a tag left open.

`KINDS` has one function a kind of file. Each takes a generator of random numbers and a valid
input, and returns bytes of about the same shape with something wrong in it.
"""

from __future__ import annotations

import copy
import gzip
import io
import json
import random
import re
import struct
import tarfile
import warnings
import zipfile
import zlib
from collections.abc import Callable, Mapping
from typing import Any

from tests.fuzz.mutators import MOST_BYTES, TOKENS

Mutator = Callable[[random.Random, bytes], bytes]


def _nested(opening: str, closing: str, depth: int) -> str:
    return opening * depth + closing * depth


def poison(rng: random.Random) -> str:
    """A short text as a value: one of the tokens that have broken readers before."""
    return rng.choice(TOKENS).decode("utf-8", "replace")


# --- JSON -------------------------------------------------------------------------------------

_DEEP = "@deep@"  # replaced after dumping: Python cannot dump what is nested so deep
_RAW = ("1e999", "-1e999", "NaN", "Infinity", "9" * 5000, "1" * 40, "-0", "1e308", '"\\ud800"',
        '"\\udc00\\ud800"', '"\\u0000"', "1E400", "[1,]", "{,}", "'x'", "True", "0x10", "+1", ".5",
        "2e-5000", "18446744073709551616", '"\\u202e"', '"\\u001b]0;x\\u0007"', "")  # fmt: skip
_VALUES: tuple[Any, ...] = (None, True, False, -1, 0, 1, 2, 1.5, -0.5, 1e308, 10**12, -(10**12),
                            2**63 - 1, "", " ", "x", "1", "sw", "en", [], {}, [[]], [None], [{}],
                            [1, "a", None], {"": ""}, {"a": {"b": []}}, "../x", "x" * 3000, ["a"],
                            [0.5], [[1, 2], [3]], "\n", "a\tb", "/etc/hosts")  # fmt: skip


def json_value(rng: random.Random, data: bytes) -> bytes:
    """One document: nodes replaced, keys missing, renamed, added, doubled."""
    try:
        value = json.loads(data)
    except ValueError:
        return data
    raws: list[str] = []
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        value = _changed(rng, value, raws)
    text = json.dumps(value, ensure_ascii=rng.random() < 0.5, indent=rng.choice((None, None, 1)))
    for number, raw in enumerate(raws):
        text = text.replace(f'"@raw{number}@"', raw, 1)
    if rng.random() < 0.05:
        text += rng.choice(("{}", "x", "\n" + text, ",", "\0"))
    return text.encode("utf-8", "surrogatepass")


def json_lines(rng: random.Random, data: bytes) -> bytes:
    """JSON lines: one of them is changed, doubled, or something else."""
    lines = data.split(b"\n")
    at = rng.randrange(len(lines))
    what = rng.random()
    if what < 0.75:
        lines[at] = json_value(rng, lines[at]).replace(b"\n", b" ")
    elif what < 0.85:
        lines.insert(at, rng.choice(lines))
    else:
        odd = (b"null", b"[]", b"7", b'"x"', b"{}", b"{", b"\xff", b"[" * 5000, b"# comment")
        lines[at] = rng.choice(odd)
    return b"\n".join(lines)


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every container and key of a document; at most some thousand."""
    found, waiting = [], [value]
    while waiting and len(found) < 5000:
        item = waiting.pop()
        pairs = item.items() if isinstance(item, dict) else enumerate(item)
        for key, inner in list(pairs)[:500]:
            found.append((item, key))
            if isinstance(inner, dict | list):
                waiting.append(inner)
    return found


def _changed(rng: random.Random, value: Any, raws: list[str]) -> Any:
    places = _places(value) if isinstance(value, dict | list) else []
    if not places or rng.random() < 0.03:
        return _other(rng, value, raws)
    # A folder of many rows has few keys of its own: those near the root come as often as the rest.
    where, key = rng.choice(places[:12] if rng.random() < 0.4 else places)
    what = rng.random()
    if what < 0.6:
        where[key] = _other(rng, where[key], raws)
    elif what < 0.75:
        del where[key]
    elif isinstance(where, list):
        where.insert(key, rng.choice((where[key], None, _other(rng, where[key], raws))))
    elif what < 0.85:
        name = rng.choice((key.upper(), key + "s", poison(rng), ""))
        where[name] = where.pop(key)
    else:
        where[rng.choice((poison(rng), "extra", "__proto__", ""))] = _other(rng, None, raws)
    return value


def _other(rng: random.Random, old: Any, raws: list[str]) -> Any:
    """Something else in the place of a value; often of the same type, which passes more checks."""
    what = rng.random()
    if what < 0.1:
        opening, closing = rng.choice((("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")))
        depth = rng.choice((20, 99, 101, 1000, 30_000))
        middle = "null" if ":" in opening else ""
        return _raw(opening * depth + middle + closing * depth, raws)
    if what < 0.25:
        return _raw(rng.choice(_RAW), raws)
    if what < 0.35:
        return poison(rng)
    if what < 0.5 and isinstance(old, bool | int | float) and not isinstance(old, bool):
        return rng.choice((-old, old + 1, old * 10**6, float(old), str(old), 0, -1, 2**62, old / 3))
    if what < 0.5 and isinstance(old, str):
        return rng.choice((old + poison(rng), old[:-1], old * 2, old.upper(), [old], {"a": old}))
    if what < 0.5 and isinstance(old, list):
        return rng.choice((old * 2, old[:1], old[::-1], [old], dict.fromkeys(map(str, old), 1)))
    return copy.deepcopy(rng.choice(_VALUES))


def _raw(text: str, raws: list[str]) -> str:
    raws.append(text)
    return f"@raw{len(raws) - 1}@"


# --- tables -----------------------------------------------------------------------------------


def table(separator: str) -> Mutator:
    """Rows of cells: cells moved, emptied, poisoned, quoted; columns renamed, doubled, missing."""

    def mutate(rng: random.Random, data: bytes) -> bytes:
        rows = [line.split(separator) for line in data.decode("utf-8", "replace").split("\n")]
        for _ in range(rng.choice((1, 1, 2, 3))):
            _change_table(rng, rows)
        return "\n".join(separator.join(row) for row in rows).encode("utf-8", "replace")

    return mutate


def _change_table(rng: random.Random, rows: list[list[str]]) -> None:
    at = 0 if rng.random() < 0.25 else rng.randrange(len(rows))
    row = rows[at]
    row += [""] * (not row)
    cell = rng.randrange(len(row))
    what = rng.randrange(12)
    if what == 0:
        row[cell] = ""
    elif what == 1:
        row[cell] = poison(rng)
    elif what == 2:
        row[cell] += poison(rng)
    elif what == 3:
        row.insert(cell, rng.choice((row[cell], "", "x")))
    elif what == 4:
        del row[cell]
    elif what == 5:
        rows.insert(at, list(rng.choice(rows)))
    elif what == 6:
        for other in rows:  # a column that is not there
            del other[cell : cell + 1]
    elif what == 7:
        for other in rows:  # a column that is there twice
            other[cell:cell] = other[cell : cell + 1]
    elif what == 8:
        for other in rows:
            other[:] = other[::-1]
    elif what == 9:
        row[cell] = f'"{row[cell]}' + rng.choice(('"', '"x"', "", '""', '\n"'))
    elif what == 10:
        row[cell] = rng.choice(("-1", "0", "1e999", "NaN", "9" * 5000, "1.5", "١", "1_0", "--"))
    else:
        row[cell] = rng.choice(("source", "lemma", "form", "features", "english", "O", "B-X",
                                "I-X", "NOUN", "V;PST", "_", "-", "#", "# x", "id", "0-0"))  # fmt: skip


def blocks(rng: random.Random, data: bytes) -> bytes:
    """CoNLL's blocks: comments, ranges of tokens, tags of all schemes, wrong separators."""
    lines = data.decode("utf-8", "replace").split("\n")
    for _ in range(rng.choice((1, 1, 2, 4))):
        at = rng.randrange(len(lines))
        cells = re.split(r"([\t ])", lines[at])
        what = rng.randrange(9)
        if what == 0:
            lines.insert(at, rng.choice(("", "# text = x", "#", "# " + poison(rng), "\t", " ")))
        elif what == 1:
            cells[-1] = rng.choice(("O", "I-PER", "B-", "S-LOC", "E-PER", "L-X", "U-X", "M-X", "-",
                                    "B", "b-per", "B-PER-X", "NOUN", "", poison(rng)))  # fmt: skip
            lines[at] = "".join(cells)
        elif what == 2:
            cells[0] = rng.choice(
                ("1-2", "2.1", "0", "-1", "1-", "1-9999999999", "99", poison(rng))
            )
            lines[at] = "".join(cells)
        elif what == 3:
            lines[at] = lines[at].replace("\t", " ")
        elif what == 4:
            lines[at] = lines[at].replace(" ", "\t")
        elif what == 5:
            lines.insert(at, "-DOCSTART- -X- -X- O")
        elif what == 6:
            cells[rng.randrange(len(cells))] = poison(rng)
            lines[at] = "".join(cells)
        elif what == 7:
            lines[at] += rng.choice(("\t_", " O", " ", "\tx\ty"))
        else:
            del lines[at]
            lines = lines or [""]
    return "\n".join(lines).encode("utf-8", "replace")


# --- XML, TOML, templates, trees ----------------------------------------------------------------


ENTITIES = (
    "&lt;",
    "&#0;",
    "&#x1b;",
    "&#55296;",
    "&nope;",
    "&#1" + "0" * 50 + ";",
    "&",
    "]]>",
    "<![CDATA[x]]>",
    "<!-- -- -->",
    "<?x y?>",
)


TAGS = (
    "<ph>",
    "</ph>",
    "<tu>",
    "</tu>",
    "<tuv>",
    '<tuv xml:lang="sw">',
    "<bpt i='1'/>",
    "<seg/>",
    "<x:y/>",
)


def xml(rng: random.Random, data: bytes) -> bytes:
    """Tags left open, renamed, nested; entities that grow; declarations that promise another file."""
    parts = re.split(r"(<[^>]*>)", data.decode("utf-8", "replace"))
    for _ in range(rng.choice((1, 1, 2, 3))):
        at = rng.randrange(len(parts))
        what = rng.randrange(12)
        if what == 0:
            del parts[at]
            parts = parts or [""]
        elif what == 1:
            parts.insert(at, rng.choice(parts))
        elif what == 2:
            parts[at] = re.sub(r"\w+", lambda m: rng.choice((m[0], "x", m[0].upper())), parts[at])
        elif what == 3:
            parts[at] = re.sub(r'"[^"]*"', lambda _: f'"{poison(rng)}"', parts[at], count=1)
        elif what == 4:
            parts.insert(at, rng.choice(ENTITIES))
        elif what == 5:
            parts.insert(at, poison(rng))
        elif what == 6:
            parts.insert(at, _nested("<seg>", "</seg>", rng.choice((3, 100, 20_000))))
        elif what == 7:
            parts[0] = (
                f'<?xml version="1.0" encoding="{rng.choice(("utf-16", "x-none", "utf-7", "idna", "rot13", "latin-1", "", "unicode_escape", "zlib"))}"?>'
            )
        elif what == 8:
            levels = "".join(
                f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "lol"}">' for n in range(9)
            )
            parts.insert(rng.choice((1, at)), f"<!DOCTYPE tmx [{levels}]>")
            parts.insert(min(len(parts), at + 1), "&e8;")
        elif what == 9:
            parts.insert(1, '<!DOCTYPE tmx [<!ENTITY f SYSTEM "file:///etc/hosts">]>')
            parts.append("&f;")
        elif what == 10:
            parts.insert(at, rng.choice(TAGS))
        else:
            parts[at] = parts[at][: rng.randint(0, len(parts[at]))]
    return "".join(parts).encode("utf-8", "replace")


def toml(rng: random.Random, data: bytes) -> bytes:
    """Values of other types, keys that stand twice, numbers without end, arrays without bottom."""
    lines = data.decode("utf-8", "replace").split("\n")
    values = ("1", "-1", "1.5", "nan", "inf", "true", '""', "[]", "{}", "1979-05-27T07:32:00Z",
              "9" * 30, "9" * 5000, "0x" + "f" * 5000, _nested("[", "]", 50), _nested("[", "]", 5000),
              "{a=" * 200 + "1" + "}" * 200, "[[1], ['a']]", "'''x\n'''", '"\\ud800"', '"\\u001b[1m"',
              '"\\u202e"', '"\\x00"', "07:32:00", '["a", 1]', '"{source}"', '"{}"', '"{0}"', '"{x.y}"',
              '"{source!r:>9999999}"', '"{source:{source}}"', '"{"', '"{{{}}}"')  # fmt: skip
    for _ in range(rng.choice((1, 1, 2, 3))):
        at = rng.randrange(len(lines))
        key, equals, old = lines[at].partition("=")
        what = rng.randrange(7)
        if what <= 2 and equals:
            lines[at] = f"{key}= {rng.choice(values)}"
        elif what == 3:
            lines.insert(at, lines[at])
        elif what == 4 and equals:
            lines[at] = f"{rng.choice((key.upper(), 'x', 'a.b', poison(rng)))} ={old}"
        elif what == 5:
            lines.insert(
                at,
                rng.choice(
                    (
                        "[x]",
                        "[[x]]",
                        "x = 1",
                        "[" + "a." * 3000 + "a]",
                        "a." * 3000 + "b = 1",
                        poison(rng),
                    )
                ),
            )
        else:
            lines[at] = lines[at].replace('"', rng.choice(("'", '"""', "", '"x')), 1)
    return "\n".join(lines).encode("utf-8", "replace")


_JINJA = (
    "{{ raise_exception('no') }}", "{{ x }}", "{{ messages[99].content }}", "{{ 1 / 0 }}", "{{ 'a' * 10**9 }}",
    "{% for i in range(10**9) %}a{% endfor %}", "{{ range(10**9) | list }}", "{% if %}", "{% endfor %}", "{{",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "{% include 'x' %}", "{% extends 'x' %}", "{% import 'os' as o %}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}", "{{ messages.__class__ }}", "{{ self }}", "{{ cycler }}",
    "{{ lipsum(n=1000) }}", "{{ namespace(a=1) }}", "{{ 10**10**6 }}", "{{ 'x' | center(10**9) }}", "{{ 9**9**9 }}",
    "{{ '%0999999999d' % 1 }}", "{{ '{0:>999999999}'.format(1) }}", "{{ messages | tojson }}", "{{ messages | map('upper') | list }}",
    "{{ messages | sort }}", "{% set messages = none %}", "{{ strftime_now('%Y') }}", "{% break %}", "{{ dict(a=1).update }}",
    "{{ '\x1b]0;x\x07' }}", "{{ '\ud83d' }}".encode("utf-8", "replace").decode(), "{{ undefined_function() }}",
    "{% generation %}x{% endgeneration %}", "{{ messages[0]['content'].split('x' * 10**7) }}", "{% raw %}", "{#", "{{ loop.index }}",
    "{% for a in messages %}{% for b in messages %}{% for c in range(9999) %}x{% endfor %}{% endfor %}{% endfor %}",
    "{{ " + "(" * 500 + "1" + ")" * 500 + " }}", "{{ " + "-" * 5000 + "1 }}", "{% if 1 %}" * 300, "{{ " + "1+" * 3000 + "1 }}",
    "{{ 'a' | replace('a', 'b' * 10**6) | replace('b', 'c' * 10**6) }}", "{{ bos_token }}", "{{ eos_token.x.y }}",
)  # fmt: skip


def jinja(rng: random.Random, data: bytes) -> bytes:
    """A template with statements that fail, run on for ever, or reach for Python."""
    parts = re.split(r"(\{[{%#].*?[}%#]\})", data.decode("utf-8", "replace"))
    for _ in range(rng.choice((1, 1, 2))):
        at = rng.randrange(len(parts))
        what = rng.randrange(4)
        if what == 0:
            del parts[at]
            parts = parts or [""]
        elif what == 1:
            parts.insert(at, rng.choice(parts))
        elif what == 2:
            parts[at] = parts[at][: rng.randint(0, len(parts[at]))]
        else:
            parts.insert(at, rng.choice(_JINJA))
    return "".join(parts).encode("utf-8", "replace")


def chat_settings(rng: random.Random, data: bytes) -> bytes:
    """tokenizer_config.json whose chat template is another one."""
    try:
        settings = json.loads(data)
    except ValueError:
        return data
    if not isinstance(settings, dict) or rng.random() < 0.4:
        return json_value(rng, data)
    template = settings.get("chat_template")
    given = template.encode() if isinstance(template, str) else b"{{ messages }}"
    settings["chat_template"] = jinja(rng, given).decode("utf-8", "replace")
    return json.dumps(settings).encode()


def newick(rng: random.Random, data: bytes) -> bytes:
    """Trees with brackets that do not match, labels in quotes, comments, and great depth."""
    text = data.decode("utf-8", "replace")
    for _ in range(rng.choice((1, 2, 3))):
        at = rng.randint(0, len(text))
        depth = rng.choice((1, 2, 50, 5000, 50_000))
        piece = rng.choice(("(" * depth, ")" * depth, "(" * depth + "a" + ")" * depth, ",", ";", ":1",
                            "'it''s [swah1253]'", "[c]", "'", "[" * depth, "''" * depth, "(,)", "()",
                            ":1e999", "a:" * depth, "," * depth, "'a [stan1234]-l-':1", poison(rng)))  # fmt: skip
        text = text[:at] + piece + text[at + rng.choice((0, 0, 1, 5)) :]
    return text.encode("utf-8", "replace")


def dictd(rng: random.Random, data: bytes) -> bytes:
    """Offsets that point elsewhere, digits that are none, columns that are missing or more."""
    rows = [line.split("\t") for line in data.decode("utf-8", "replace").split("\n")]
    row = rng.choice(rows)
    cell = rng.randrange(len(row))
    row[cell] = rng.choice(("", "A", "BC", "//////", "/" * 50, "-1", "!", "Zm", "===", "0", "é", poison(rng),
                            "A" * 5000, row[cell] + "A"))  # fmt: skip
    if rng.random() < 0.3:
        row.append(rng.choice(("B", "", "x")))
    if rng.random() < 0.2:
        rng.shuffle(rows)
    return "\n".join("\t".join(cells) for cells in rows).encode("utf-8", "replace")


# --- packed files -------------------------------------------------------------------------------


def packed(pack: Callable[[bytes], bytes], inner: str) -> Mutator:
    """A packed file: damaged inside, damaged outside, with something behind it, or packed twice."""

    def mutate(rng: random.Random, data: bytes) -> bytes:
        try:
            content = _unpacked(data)
        except (OSError, EOFError, ValueError, zlib.error):
            content = data
        what = rng.random()
        if what < 0.4:
            return pack(KINDS[inner](rng, content)[:MOST_BYTES])
        whole = pack(content)
        if what < 0.6:
            return whole[: rng.randint(0, len(whole))]
        if what < 0.8:
            changed = bytearray(whole)
            changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
            return bytes(changed)
        rest = rng.choice(
            (whole, b"x", b"\0" * 512, content, whole[:9], pack(b""), pack(pack(content)))
        )
        return rng.choice((whole + rest, rest + whole, rest))

    return mutate


def _unpacked(data: bytes) -> bytes:
    if data[:2] == b"\x1f\x8b":
        return gzip.decompress(data)
    if data[:4] == b"\x28\xb5\x2f\xfd":
        import zstandard

        with zstandard.ZstdDecompressor().stream_reader(data) as reader:
            return bytes(reader.read())
    return data


def gzipped(data: bytes) -> bytes:
    """The same bytes for the same content: no time in the header."""
    return gzip.compress(data, mtime=0)


def zstandarded(data: bytes) -> bytes:
    """One frame of Zstandard."""
    import zstandard

    return bytes(zstandard.ZstdCompressor().compress(data))


_MEMBERS = ("a/b.tsv", "./a/b.tsv", "../a/b.tsv", "/a/b.tsv", "a/b.tsv/", "A/B.TSV", "a\\b.tsv",
            "a//b.tsv", "x" * 300, "\x1b[1m", "é\u202e", "")  # fmt: skip


def archive(rng: random.Random, data: bytes) -> bytes:
    """A tar or zip whose member has another name, kind, size or method; or is damaged."""
    made = rng.choice((_zip, _tar))(rng)
    return _struck(rng, made) if rng.random() < 0.5 else made


def _zip(rng: random.Random) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as opened:
        for _ in range(rng.choice((1, 1, 2))):
            info = zipfile.ZipInfo(rng.choice(_MEMBERS), (1980, 1, 1, 0, 0, 0))
            info.external_attr = rng.choice((0, 0o120777, 0o100644, 0o040755)) << 16
            info.compress_type = rng.choice((0, 8, 8, 12, 14))
            content = rng.choice((b"paka\tcat\n", b"", b"\0" * 10_000_000))
            if info.filename:
                with warnings.catch_warnings(action="ignore"):  # two members of one name
                    opened.writestr(info, content)
    return out.getvalue()


def _tar(rng: random.Random) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=rng.choice((1, 2))) as opened:
        for _ in range(rng.choice((1, 1, 2))):
            info = tarfile.TarInfo(rng.choice(_MEMBERS))
            info.type = rng.choice(
                (b"0", b"0", b"0", b"1", b"2", b"3", b"5", b"6", b"x", b"L", b"S")
            )
            info.linkname = "a/b.tsv"
            content = rng.choice((b"paka\tcat\n", b""))
            info.size = rng.choice((len(content), len(content), 0, 10**9))
            opened.addfile(info, io.BytesIO(content) if info.size == len(content) else None)
    made = out.getvalue()
    return rng.choice((lambda: made, lambda: gzipped(made), lambda: zlib.compress(made)))()


def _struck(rng: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 3, 20))):
        if changed:
            changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed[: rng.choice((len(changed), rng.randint(0, len(changed))))])


def tensors(rng: random.Random, data: bytes) -> bytes:
    """safetensors: a header of the wrong length, type, shape or offset before the same numbers."""
    size = struct.unpack("<Q", data[:8])[0] if len(data) >= 8 else 0
    header, rest = data[8 : 8 + size], data[8 + size :]
    if not header or rng.random() < 0.3:
        return struct.pack("<Q", rng.choice((0, 1, 2**40, 2**63, 2**64 - 1, size + 1))) + data[8:]
    changed = json_value(rng, header)
    return struct.pack("<Q", len(changed)) + changed + rest[: rng.choice((len(rest), 3))]


def numbers(rng: random.Random, data: bytes) -> bytes:
    """A binary header: whole numbers of 1, 4 or 8 bytes become large, negative or zero."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4))):
        width, code = rng.choice(((1, "<B"), (4, "<I"), (8, "<Q")))
        if len(changed) >= width:
            at = rng.randrange(min(len(changed) - width + 1, rng.choice((16, 64, 4096))))
            value = rng.choice((0, 1, 255, 2**31, 2**32 - 1, 2**62, 2**64 - 1)) % 256**width
            struct.pack_into(code, changed, at, value)
    return bytes(changed)


def text(rng: random.Random, data: bytes) -> bytes:
    """Words repeated, joined, in other cases, with poison between them."""
    words = re.split(r"(\s+)", data.decode("utf-8", "replace"))
    for _ in range(rng.choice((1, 2, 5))):
        at = rng.randrange(len(words))
        words[at] = rng.choice((words[at].upper(), poison(rng), words[at] * 50, words[at] + poison(rng),
                                "", "[slot : " + words[at] + "]", words[at].title()))  # fmt: skip
    return "".join(words).encode("utf-8", "replace")


KINDS: Mapping[str, Mutator] = {
    "json": json_value,
    "jsonl": json_lines,
    "tsv": table("\t"),
    "csv": table(","),
    "spaces": table(" "),
    "colons": table(":"),
    "blocks": blocks,
    "xml": xml,
    "toml": toml,
    "jinja": jinja,
    "chat": chat_settings,
    "newick": newick,
    "dictd": dictd,
    "tsv.gz": packed(gzipped, "tsv"),
    "tsv.zst": packed(zstandarded, "tsv"),
    "text.gz": packed(gzipped, "text"),
    "jsonl.gz": packed(gzipped, "jsonl"),
    "archive": archive,
    "tensors": tensors,
    "numbers": numbers,
    "text": text,
}
