"""Genus, family and script of a probe's languages, as far as they are known here."""

from __future__ import annotations

from collections.abc import Iterable

from data.access import Access
from data.errors import UnavailableError
from data.groups import Groups, groups_of
from data.languages import resolve


def known_groups(
    codes: Iterable[str], access: Access = Access()
) -> tuple[dict[str, Groups], list[str]]:
    """(groups by code, what to say where genus and family cannot be had)."""
    sides = {code: resolve(code) for code in codes}
    try:
        found = groups_of(list(sides.values()), access)
    except UnavailableError as error:
        scripts: dict[str, Groups] = {code: {"script": side.script} for code, side in sides.items()}
        return scripts, [f"without genus and family: {error}"]
    return dict(zip(sides, found, strict=True)), []
