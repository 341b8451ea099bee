"""The registry: every target by name. A new one is a row in one of the modules here."""

from __future__ import annotations

from collections.abc import Mapping

from tests.fuzz.target import Target
from tests.fuzz.targets import (
    commands,
    documents,
    labels,
    lexicons,
    models,
    references,
    runs,
    texts,
    understanding,
)

_MODULES = (
    texts,
    documents,
    labels,
    lexicons,
    references,
    runs,
    models,
    commands,
    understanding,
)
_TO_COME: tuple[str, ...] = ()

TARGETS: Mapping[str, Target] = {
    target.name: target
    for module in _MODULES
    for target in module.targets()
    if not target.name.startswith(_TO_COME)
}
