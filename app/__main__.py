"""Starts the app: `kilolingua app`, `python -m app`; the same as `streamlit run app/main.py`.

kilolingua app --offline                # never opens a socket to fetch a data set
kilolingua app --runs results --port 8600
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app.texts import FONTS
from data.errors import UnavailableError
from data.options import check, command, common, option

PAGE = Path(__file__).with_name("main.py")
SETTINGS = {  # those of .streamlit/config.toml, which is read in a clone only
    "browser.gatherUsageStats": "false",
    "server.address": "localhost",
    "server.headless": "true",
    "server.fileWatcherType": "none",
    "runner.magicEnabled": "false",
    "client.toolbarMode": "minimal",
    "client.showErrorLinks": "false",
    "theme.light.primaryColor": "#0b6e69",
    "theme.dark.primaryColor": "#4fb3aa",
    "theme.linkUnderline": "true",
}


@dataclass(frozen=True, slots=True)
class AppConfig:
    """How the app is started; Ctrl-C ends it."""

    runs: Path = option(Path("runs"), "folder of the runs that the page Results shows")
    port: int = option(8501, "port of the page", least=1, most=65535)
    offline: bool = common("--offline")

    def __post_init__(self) -> None:
        check(self)


def arguments(config: AppConfig) -> list[str]:
    """What Streamlit's own command is given; what follows `--` reaches our pages.

    >>> arguments(AppConfig(port=8600, offline=True))[-5:]
    ['--server.port=8600', '--', '--runs', 'runs', '--offline']
    """
    settings = {**SETTINGS, "theme.font": FONTS, "server.port": str(config.port)}
    server = [f"--{name}={value}" for name, value in settings.items()]
    ours = ["--runs", str(config.runs), *(["--offline"] if config.offline else [])]
    return ["run", str(PAGE), *server, "--", *ours]


def start(config: AppConfig) -> None:
    """Serve the app until Ctrl-C.

    Raises:
        UnavailableError: Streamlit is not installed.
    """
    try:
        from streamlit.web.cli import main as streamlit
    except ImportError as error:
        raise UnavailableError('the app needs streamlit; pip install "kilolingua[app]"') from error
    streamlit(arguments(config), prog_name="streamlit", standalone_mode=False)


def main(argv: Sequence[str] | None = None) -> int:
    """The command line."""
    return command("app", __doc__ or "", AppConfig, start, argv)


if __name__ == "__main__":
    raise SystemExit(main())
