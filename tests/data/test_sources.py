"""Files from a server over TLS: checksums, broken connections, two at once, a killed one.

pytest tests/data/test_sources.py
"""

from __future__ import annotations

import hashlib
import http.server
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

import data
from data.access import Access, cache_folder
from data.catalog import File
from data.download import NoSourceError, fetch
from data.errors import UnavailableError

ROOT = Path(data.__file__).parents[1]
TEXT = b"Wao huondoka nyumbani kabla jua halijachomoza.\n" * 1000
SHA = hashlib.sha256(TEXT).hexdigest()
PINNED = File("toy", "test", "", ("sw",), "toy/test.sw", len(TEXT), SHA, ())
UNPINNED = replace(PINNED, bytes=None, sha256=None)


@dataclass
class Server:
    """A server over TLS and how it behaves."""

    url: str = ""
    content: bytes = TEXT
    announced: int | None = None
    status: int = 200
    location: str = ""
    stop_after: int | None = None
    delay: float = 0.0
    asked: list[str] = field(default_factory=list)
    go_on: threading.Event = field(default_factory=threading.Event)

    def file(self, file: File = PINNED) -> File:
        return replace(file, sources=(f"{self.url}/test.sw",))


def handler(server: Server) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.asked.append(self.path)
            time.sleep(server.delay)
            self.send_response(server.status)
            if server.location:
                self.send_header("Location", server.location)
            if server.announced != -1:
                self.send_header("Content-Length", str(server.announced or len(server.content)))
            self.end_headers()
            self.wfile.write(server.content[: server.stop_after])
            self.wfile.flush()
            if server.stop_after is not None:
                server.go_on.wait(30)

        def log_message(self, *_arguments: object) -> None:
            pass

    return Handler


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that signs itself, and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("needs the command openssl")
    folder = tmp_path_factory.mktemp("tls")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    command += ["-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture(autouse=True)
def no_mirror(monkeypatch: pytest.MonkeyPatch) -> None:
    """The files come from where the test says; no proxy stands between."""
    monkeypatch.delenv("KILOLINGUA_MIRROR", raising=False)
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(urllib.request, "_opener", None)


@pytest.fixture
def server(certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server whose certificate this process and those that it starts trust."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    behaviour = Server()
    real = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler(behaviour))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    real.socket = context.wrap_socket(real.socket, server_side=True)
    behaviour.url = f"https://127.0.0.1:{real.server_port}"
    thread = threading.Thread(target=real.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield behaviour
    behaviour.go_on.set()
    real.shutdown()
    real.server_close()


def kept() -> list[str]:
    """The names in the cache, but for locks; hidden ones as well."""
    names = (path.name for path in cache_folder().rglob("*") if path.is_file())
    return sorted(name for name in names if not name.endswith(".lock"))


def start(file: File) -> subprocess.Popen[str]:
    """Fetch a file in a process of its own, which prints where it came from."""
    code = (
        "from data.catalog import File\nfrom data.download import fetch\n"
        f"print(fetch({file!r}).origin)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment
    )


def reason(file: File) -> str:
    with pytest.raises(NoSourceError) as caught:
        fetch(file)
    assert kept() == []
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_file_from_a_server(server: Server) -> None:
    said: list[str] = []
    fetched = fetch(server.file(), access=Access(report=said.append))
    assert (fetched.path.read_bytes(), fetched.origin) == (TEXT, f"{server.url}/test.sw")
    assert said == ["fetching toy/test.sw (0.0 MB)"]
    assert fetch(server.file(), access=Access(report=said.append)).origin == "cache"
    assert (len(server.asked), len(said)) == (1, 1)


def test_a_server_that_has_another_file(server: Server) -> None:
    server.content = TEXT.upper()
    with pytest.raises(UnavailableError) as caught:
        fetch(server.file())
    other = hashlib.sha256(server.content).hexdigest()
    assert f"expected sha256 {SHA}, found {other} in what {server.url}/test.sw gave; noth" in str(
        caught.value
    )
    assert kept() == []
    server.content = TEXT
    assert fetch(server.file()).path.read_bytes() == TEXT


def test_a_server_that_sends_too_much(server: Server) -> None:
    with pytest.raises(UnavailableError, match=r"more than the 100 bytes expected; stopped"):
        fetch(server.file(replace(PINNED, bytes=100)))
    assert kept() == []


@pytest.mark.parametrize("file", [PINNED, UNPINNED])
def test_a_connection_that_breaks_is_no_whole_file(server: Server, file: File) -> None:
    """Without a checksum only the announced length tells; half a file must not be recorded."""
    server.announced = len(TEXT) + 1000
    message = reason(server.file(file))
    assert f"/test.sw: the connection broke after {len(TEXT):,} of {len(TEXT) + 1000}" in message
    server.announced = None
    assert fetch(server.file(file)).path.read_bytes() == TEXT


def test_a_server_that_announces_no_length(server: Server) -> None:
    server.announced = -1
    assert fetch(server.file(UNPINNED)).path.read_bytes() == TEXT


def test_a_server_that_lacks_the_file(server: Server) -> None:
    server.status = 404
    assert f"{server.url}/test.sw: HTTP Error 404: Not Found; put the file" in reason(server.file())


def test_a_server_that_leads_away_from_tls(server: Server) -> None:
    with http.server.HTTPServer(("127.0.0.1", 0), handler(Server())) as plain:
        threading.Thread(target=plain.handle_request, daemon=True).start()
        server.status, server.location = 302, f"http://127.0.0.1:{plain.server_port}/test.sw"
        message = reason(server.file())
    assert f"/test.sw leads to {server.location}, which is not https" in message


def test_a_certificate_that_nobody_vouches_for(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    assert "CERTIFICATE_VERIFY_FAILED" in reason(server.file())


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    message = reason(replace(PINNED, sources=(f"https://127.0.0.1:{port}/test.sw",)))
    assert f"https://127.0.0.1:{port}/test.sw: " in message
    assert "Connection refused" in message


def test_the_second_source_when_the_first_lacks_it(server: Server, tmp_path: Path) -> None:
    (tmp_path / "installed").write_bytes(TEXT)
    server.status = 503
    sources = (f"{server.url}/test.sw", f"installed:{tmp_path}/installed")
    assert fetch(replace(PINNED, sources=sources)).origin == sources[1]


def test_two_processes_ask_once(server: Server) -> None:
    server.delay = 0.2
    said = sorted(one.communicate(timeout=60)[0] for one in [start(server.file()) for _ in "ab"])
    assert said == ["cache\n", f"{server.url}/test.sw\n"]
    assert (len(server.asked), kept()) == (1, ["test.sw"])


def test_killed_in_the_middle(server: Server) -> None:
    server.stop_after = 10_000
    process = start(server.file())
    partial = cache_folder() / "toy" / ".test.sw.partial"
    deadline = time.monotonic() + 30
    while not (server.asked and partial.is_dir() and any(partial.iterdir())):
        assert time.monotonic() < deadline, "the download never began"
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    assert not (cache_folder() / "toy/test.sw").exists()
    server.go_on.set()
    server.stop_after = None
    assert fetch(server.file()).path.read_bytes() == TEXT
    assert kept() == ["test.sw"], "what the killed one left is gone as well"
