r"""Prompt templates: the named ones, and a user's own from a file.

    python -m icl.eval --lang sw --template xglm
    python -m icl.eval --lang sw --template my_template.toml

A template file is TOML with the keys of `Template` (but `name`, which is the file's):

    query = "{source_language}: {source}\n{target_language}:"
    answer = " {target}"
    separator = "\n\n"

A shot is query + answer + separator, so that shots and query can never drift apart.
"""

from __future__ import annotations

import dataclasses
import string
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

from data.bounded import read_toml
from data.cli import did_you_mean
from data.errors import InputError
from data.files import canonical_json, sha256_text

LANGUAGE_FIELDS = frozenset({"source_language", "target_language"})
QUERY_FIELDS = LANGUAGE_FIELDS | {"source", "dictionary"}
ANSWER_FIELDS = QUERY_FIELDS - {"dictionary"} | {"target"}
CODE_FIELDS = frozenset({"source_flores", "target_flores", "source_code", "target_code"})


def _check_fields(
    name: str, part: str, text: str, allowed: frozenset[str], required: str = ""
) -> None:
    try:
        found = [piece[1:] for piece in string.Formatter().parse(text) if piece[1] is not None]
    except ValueError as error:
        raise InputError(f'template "{name}": {part}: {error}; write {{{{ for a brace') from error
    for field, spec, conversion in found:
        if field not in allowed or spec or conversion:
            shape = f"!{conversion}" * bool(conversion) + f":{spec}" * bool(spec)
            expected = ", ".join(f"{{{known}}}" for known in sorted(allowed))
            raise InputError(
                f'template "{name}": unknown field "{{{field}{shape}}}" in {part}; '
                f"expected {expected}"
            )
    if required and required not in [field for field, _, _ in found]:
        raise InputError(f'template "{name}": {part} must hold {{{required}}}')


@dataclass(frozen=True)
class Template:
    """How a translation is asked for.

    Attributes:
        query: the question; holds {source}, may hold {source_language} and {target_language}.
        answer: what a shot adds to it; holds {target}.
        separator: what stands between a shot and what follows.
        prefix: what opens the prompt, once; it and the separator may hold the languages. A chat
            gives it to the model as the system's message.
        stop: an answer ends before the first of these strings.
        chat: query and answer become a user's and an assistant's message, and the model's own
            chat template lays them out (separator is not used).
        dictionary: what {dictionary} in the query stands for where --dictionary knows words of
            the sentence; holds {entries}. Nothing stands there where it knows none.
        entry: one of the entries; holds {word} and {meanings}.
        between_entries: what stands between two of them.
        source_start, target_start: the tokens that open the two sides of a translation model; may
            hold {source_flores} (swh_Latn), {source_code} (sw), and the same of the target.
    """

    name: str
    query: str
    answer: str
    separator: str = "\n\n"
    prefix: str = ""
    stop: tuple[str, ...] = ("\n",)
    chat: bool = False
    dictionary: str = "{entries}"
    entry: str = "{word} = {meanings}"
    between_entries: str = "; "
    source_start: str = ""
    target_start: str = ""

    def __post_init__(self) -> None:
        """Refuse fields that do not exist and parts that are missing."""
        _check_fields(self.name, "query", self.query, QUERY_FIELDS, "source")
        _check_fields(self.name, "answer", self.answer, ANSWER_FIELDS, "target")
        _check_fields(self.name, "separator", self.separator, LANGUAGE_FIELDS)
        _check_fields(self.name, "prefix", self.prefix, LANGUAGE_FIELDS)
        _check_fields(self.name, "dictionary", self.dictionary, frozenset({"entries"}), "entries")
        _check_fields(self.name, "entry", self.entry, frozenset({"word", "meanings"}), "word")
        _check_fields(self.name, "source_start", self.source_start, CODE_FIELDS)
        _check_fields(self.name, "target_start", self.target_start, CODE_FIELDS)
        if not self.stop or not all(isinstance(s, str) and s for s in self.stop):
            raise InputError(f'template "{self.name}": stop needs at least one non-empty string')

    @property
    def delimiters(self) -> tuple[str, ...]:
        """What a sentence must not hold: the stop strings, and what follows it in the query.

        >>> TEMPLATES["alexatm"].delimiters
        ('\\n', '; Sentence:', '; Translation in')
        """
        pieces = list(string.Formatter().parse(self.query))
        following = [after[0] for piece, after in pairwise(pieces) if piece[1] == "source"]
        # A mark of one or two letters, such as "=", is too common in text to be kept out.
        own = [text.strip() for text in following if "\n" not in text and len(text.strip()) > 2]
        return (*self.stop, *own)

    @property
    def has_dictionary(self) -> bool:
        """Whether the query has a place for dictionary entries."""
        return "{dictionary}" in self.query

    @cached_property
    def fingerprint(self) -> str:
        """The first 16 hex digits of the sha256 of the settings: same wording, same digits.

        Settings at their defaults do not count, so that a new key changes no old digits.
        """
        wording = {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(self)
            if field.name != "name" and getattr(self, field.name) != field.default
        }
        return sha256_text(canonical_json(wording))[:16]


# xglm: "source = target", after Lin et al. 2022 (https://aclanthology.org/2022.emnlp-main.616).
# alexatm: after Soltan et al. 2022 (https://arxiv.org/abs/2208.01448); [CLM] is the prefix with
# which AlexaTM 20B was pre-trained to continue text, and stands in the encoder's input.
# dipmt: after Ghazvininejad et al. 2023 (https://arxiv.org/abs/2302.07856). nllb, m2m: for models
# of NLLB Team 2022 (https://arxiv.org/abs/2207.04672) and Fan et al. 2021, which know no shots.
TEMPLATES: Mapping[str, Template] = {
    template.name: template
    for template in (
        Template("plain", "{source_language}: {source}\n{target_language}:", " {target}"),
        Template("xglm", "{source} =", " {target}", separator="\n"),
        Template(
            "alexatm",
            "Sentence: {source}; Translation in {target_language}:",
            " {target}",
            separator="; ",
            prefix="[CLM] ",
            stop=("\n", "; Sentence:"),
        ),
        Template(
            "chat",
            "Translate this sentence from {source_language} to {target_language}. "
            "Answer with the translation only.\n{source}",
            "{target}",
            chat=True,
        ),
        Template(
            "dictionary",
            "{source_language}: {source}\n{dictionary}{target_language}:",
            " {target}",
            dictionary="Dictionary: {entries}\n",
        ),
        Template(
            "dipmt",
            "Translate the following sentence to {target_language}: {source}\n"
            "{dictionary}The full translation to {target_language} is:",
            " {target}",
            dictionary="In this context, {entries}.\n",
            entry='the word "{word}" means "{meanings}"',
        ),
        Template(
            "nllb",
            "{source}",
            "{target}",
            source_start="{source_flores}",
            target_start="{target_flores}",
        ),
        Template(
            "m2m",
            "{source}",
            "{target}",
            source_start="__{source_code}__",
            target_start="__{target_code}__",
        ),
    )
}


def load_template(name_or_file: str) -> Template:
    """A named template, or one read from a TOML file.

    >>> load_template("plain").stop
    ('\\n',)

    Raises:
        InputError: no such template or file, a key or field that does not exist.
    """
    if name_or_file in TEMPLATES:
        return TEMPLATES[name_or_file]
    path = Path(name_or_file)
    if not path.is_file():
        hint = did_you_mean(name_or_file, TEMPLATES)
        raise InputError(
            f'--template "{name_or_file}": neither a file nor one of {", ".join(TEMPLATES)}{hint}'
        )
    return _from_settings(path, read_toml(path))


def _from_settings(path: Path, settings: dict[str, Any]) -> Template:
    special: dict[str, type] = {"stop": list, "chat": bool}
    names = [field.name for field in dataclasses.fields(Template) if field.name != "name"]
    types: dict[str, type] = {name: special.get(name, str) for name in names}
    for key, value in settings.items():
        if key not in types:
            raise InputError(f'{path}: unknown key "{key}"; expected {", ".join(types)}')
        if not isinstance(value, types[key]):
            raise InputError(f'{path}: "{key}" must be a {types[key].__name__}, found {value!r}')
    for key in ("query", "answer"):
        if key not in settings:
            raise InputError(f'{path}: the key "{key}" is missing')
    if "stop" in settings:
        settings["stop"] = tuple(settings["stop"])
    try:
        return Template(name=path.stem, **settings)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
