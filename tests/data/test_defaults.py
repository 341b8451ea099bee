"""Arguments of the same name have the same default in all functions of the room."""

from tests.conventions import departures, unhelpful_commands, untrue_defaults


def test_defaults() -> None:
    assert departures("data", seed=1) == []


def test_every_command_says_what_it_does() -> None:
    assert unhelpful_commands("data") == []


def test_defaults_are_those_that_help_tells() -> None:
    assert untrue_defaults("data") == []
