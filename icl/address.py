r"""A server's address: what is sent to it, and what of it may be written down or shown.

User, password and query of a base URL are secrets. Requests carry them; records, reports and
messages hold `url`, which has none, and `without_secrets` clears what others (a server, the openai
package) say.

>>> address = parse_address("https://me:s3cret%21@example.org:8000/v1/?key=k-1")
>>> address.url
'https://example.org:8000/v1'
>>> address.without_secrets("no such user me:s3cret!@example.org, key k-1")
'no such user example.org, key ...'
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, quote_plus, unquote, unquote_plus, urlsplit

from data.errors import InputError

HIDDEN = "..."
SHORTEST_SECRET = 3  # characters: fewer stand in any sentence
# Tried from the beginning of a word only, so in linear time; marks before the user stay.
_USER_IN_URL = re.compile(r"(?<=://)[^/\s@]*@|(?<![^\s/@])([^\w\s/@:]*+)[^\s/@:]*:[^\s/@]*@(?=\w)")


@dataclass(frozen=True, slots=True)
class Address:
    """A base URL in its parts.

    Attributes:
        url: scheme, host, port and path; no secret.
        query: its parameters, sent with each request.
        authorization: the header that user and password make; "" without them.
        secrets: what no message may hold.
    """

    url: str
    query: Mapping[str, str] = field(repr=False)
    authorization: str = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)

    def without_secrets(self, text: str, *more: str) -> str:
        """A text of somebody else's with what is secret left out; `more` are secrets too."""
        text = _USER_IN_URL.sub(r"\1", text)
        for secret in sorted((*self.secrets, *more), key=len, reverse=True):
            if len(secret) >= SHORTEST_SECRET:
                text = text.replace(secret, HIDDEN)
        return text


def parse_address(base_url: str) -> Address:
    """The parts of a base URL.

    Raises:
        InputError: it is none. The message shows it only where it can hold no secret.
    """
    secretive = any(mark in base_url for mark in "@?#")
    found = "found one that holds secrets and is not shown" if secretive else f'found "{base_url}"'
    hint = "; write @ / ? # of a password as %40 %2F %3F %23" if secretive else ""
    fault = InputError(f"--base-url: expected http://HOST:PORT/v1, {found}{hint}")
    try:
        parts = urlsplit(base_url)
        host, port = parts.hostname or "", parts.port
        host.encode("idna")
    except ValueError:  # its message may hold the address
        raise fault from None
    if parts.scheme not in ("http", "https") or not host or not base_url.isprintable():
        raise fault
    user, _, password = parts.netloc.rpartition("@")[0].partition(":")
    if "@" in user + password + parts.path + parts.query + parts.fragment:
        raise fault
    host = f"[{host}]" if ":" in host else host
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    pair = f"{unquote(user)}:{unquote(password)}".encode()
    token = b64encode(pair).decode() if user or password else ""
    return Address(
        f"{parts.scheme}://{host}{f':{port}' if port else ''}{parts.path.rstrip('/')}",
        query,
        f"Basic {token}" if token else "",
        tuple(_spellings([user, password, token, parts.query, *query.values()])),
    )


def _spellings(secrets: list[str]) -> set[str]:
    """Secrets as they were written, and percent-encoded or not."""
    ways = (str, unquote, unquote_plus, quote, quote_plus, lambda s: quote(unquote(s), safe=""))
    return {way(secret) for secret in secrets for way in ways} - {""}


def public_url(base_url: str | None) -> str | None:
    """A base URL without its secrets, as a run's configuration holds it."""
    return parse_address(base_url).url if base_url else base_url
