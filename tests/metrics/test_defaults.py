"""Arguments of the same name have the same default in all functions of the room."""

from tests.conventions import departures


def test_defaults() -> None:
    assert departures("metrics", seed=1) == []
