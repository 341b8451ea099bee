"""Arguments of the same name have the same default in all functions of the room."""

from tests.conventions import departures, unhelpful_commands


def test_defaults() -> None:
    assert departures("training") == []


def test_every_command_says_what_it_does() -> None:
    assert unhelpful_commands("training") == []
