"""What the wheel holds: every package of the rooms, and every file that is read beside the code."""

from __future__ import annotations

import fnmatch
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SETUPTOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]
ROOMS = {name for name in SETUPTOOLS["packages"] if "." not in name}


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", *sorted(ROOMS)], cwd=ROOT, capture_output=True, text=True
    )
    if listed.returncode:
        pytest.skip("no git checkout: what belongs to the tree is not known")
    return [Path(name) for name in listed.stdout.split("\0") if name and (ROOT / name).exists()]


def test_every_package_is_listed() -> None:
    there = {".".join(path.parent.parts) for path in tracked() if path.name == "__init__.py"}
    of_files_only = {name for name in SETUPTOOLS["package-data"] if name not in there}
    assert sorted(SETUPTOOLS["packages"]) == sorted(there | of_files_only)


def test_every_module_lies_in_a_package() -> None:
    folders = {".".join(path.parent.parts) for path in tracked() if path.suffix == ".py"}
    assert folders <= set(SETUPTOOLS["packages"])


def test_every_file_beside_the_code_is_packed() -> None:
    patterns = SETUPTOOLS["package-data"]
    left_out = [
        path
        for path in tracked()
        if path.suffix != ".py"
        and not any(
            fnmatch.fnmatch(path.name, pattern)
            for pattern in patterns.get(".".join(path.parent.parts), ())
        )
    ]
    assert left_out == []


def test_no_pattern_is_idle() -> None:
    for package, patterns in SETUPTOOLS["package-data"].items():
        for pattern in patterns:
            assert list((ROOT / package.replace(".", "/")).glob(pattern)), f"{package}: {pattern}"
