"""Commands and options completed by the shell's Tab key: `kilolingua completion bash`.

    kilolingua completion bash > ~/.local/share/bash-completion/completions/kilolingua
    kilolingua completion fish > ~/.config/fish/completions/kilolingua.fish
    kilolingua completion zsh >> ~/.zshrc

It prints a script that holds all names, so that a press of Tab starts no Python. After an upgrade
write it again.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from importlib import import_module

from data.options import check, command, option
from kilolingua.__main__ import COMMANDS

BASH = """_kilolingua() {{
    local words
    case "${{COMP_WORDS[1]}}" in
{cases}
    esac
    [ "$COMP_CWORD" -eq 1 ] && words="{commands} --help --version"
    COMPREPLY=($(compgen -W "$words" -- "${{COMP_WORDS[COMP_CWORD]}}"))
}}
complete -o default -F _kilolingua kilolingua"""
OPTION = r"^ {2}(?:-\w(?: \w+)?, )?(--[a-z][a-z0-9-]*)"  # at the beginning of its line of a help
ZSH = "autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n"


@dataclass(frozen=True, slots=True)
class CompletionConfig:
    """Which shell the script is for."""

    shell: str = option("bash", "whose script", flag="shell", choices=("bash", "zsh", "fish"))

    def __post_init__(self) -> None:
        check(self)


def words_of(name: str) -> list[str]:
    """The subcommands and options of a command, as its help lists them.

    >>> words_of("cache")
    ['clean', '--all', '--help']
    """
    usage, options = _help_of(name)
    subcommands = re.findall(r"^ {4}([a-z][a-z-]*)\s", usage.partition("arguments:\n")[2], re.M)
    pages = [options, *(_help_of(name, subcommand)[1] for subcommand in subcommands)]
    found = (
        re.findall(r"^ {2}(?:-\w(?: \w+)?, )?(--[a-z][a-z0-9-]*)", page, re.M) for page in pages
    )
    return [*subcommands, *sorted({option for page in found for option in page})]


def _help_of(name: str, *subcommand: str) -> tuple[str, str]:
    """A command's help: what stands before its options, and the options."""
    shown = io.StringIO()
    with redirect_stdout(shown):
        import_module(COMMANDS[name][0]).main([*subcommand, "--help"])
    usage, heading, options = shown.getvalue().partition("options:\n")
    return usage, heading + options


def script(shell: str) -> str:
    """The script for a shell: bash, zsh or fish."""
    words = {name: words_of(name) for name in COMMANDS}
    if shell == "fish":
        lines = [
            f'complete -c kilolingua -n __fish_use_subcommand -a {name} -d "{about}"'
            for name, (_, about) in COMMANDS.items()
        ]
        for name, known in words.items():
            at = f'complete -c kilolingua -n "__fish_seen_subcommand_from {name}"'
            lines += [f"{at} {_as_fish_says(word)}" for word in known]
        return "\n".join(lines)
    cases = "\n".join(
        f'        {name}) words="{" ".join(known)}" ;;' for name, known in words.items()
    )
    text = BASH.format(cases=cases, commands=" ".join(COMMANDS))
    return ZSH + text if shell == "zsh" else text


def _as_fish_says(word: str) -> str:
    return f"-l {word.removeprefix('--')}" if word.startswith("--") else f"-a {word}"


def main(argv: Sequence[str] | None = None) -> int:
    """The command line."""
    return command(
        "kilolingua.completion",
        __doc__ or "",
        CompletionConfig,
        lambda config: print(script(config.shell)),
        argv,
    )


if __name__ == "__main__":
    raise SystemExit(main())
