"""Keyed randomness: the published words of splitmix64, and what a key hangs on."""

from __future__ import annotations

import subprocess
import sys

import pytest

from data.randomness import draw, key, seed_key, stream


@pytest.mark.parametrize(
    ("seed", "words"),
    [
        # https://rosettacode.org/wiki/Pseudo-random_numbers/Splitmix64
        (1234567, [6457827717110365317, 3203168211198807973, 9817491932198370423]),
        # Java's SplittableRandom of seed 0 begins like this.
        (0, [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]),
    ],
)
def test_draws_are_those_of_splitmix64(seed: int, words: list[int]) -> None:
    assert [draw(seed, counter) for counter in range(3)] == words


def test_a_key_hangs_on_seed_and_document_alone() -> None:
    code = "from data.randomness import key; print(key(1, 7), key(-3, 'ewt-12'))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(key(1, 7)), str(key(-3, "ewt-12"))]
    keys = {key(seed, document) for seed in (1, 2) for document in (1, 2, "1", "2")}
    assert len(keys) == 8
    assert key(1, 7) == draw(seed_key(1), 7)


def test_draws_are_even() -> None:
    """Of 40,000 draws over lines, each eighth of the range has 5,000; six sigma is 400."""
    eighths = [0] * 8
    for line in range(1, 10_001):
        for counter in range(4):
            eighths[draw(key(1, line), counter) >> 61] += 1
    assert all(abs(number - 5_000) < 400 for number in eighths)


def test_streams_are_what_they_were() -> None:
    """The shots of runs by version 0.1.0 hang on this number, which it printed."""
    assert stream(1, "ntrex", "sw-en").randrange(10**6) == 218301
