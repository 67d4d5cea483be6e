"""Where a webhook may go: a public https address, by name or by number.

Two looks. When an alert is saved, the URL itself: scheme, no user, no address that is not public,
no way of writing one as a number. When it is delivered (:mod:`.webhook`), every address that the
name server gives; one that is not public refuses the whole name.
"""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

from tideline.collect.addresses import is_public, literal
from tideline.domain.errors import BadInput

MOST_URL = 500
_NUMBERS = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)", re.IGNORECASE)
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.IGNORECASE)
_LOCAL = ("localhost", "local", "internal", "intranet", "lan", "home", "corp", "arpa")


def check_url(url: str, *, field: str = "channel.url", anywhere: bool = False) -> SplitResult:
    """The parts of a URL that may be posted to.

    ``anywhere`` allows plain http and addresses of this machine and network: the operator's own.

    Raises:
        BadInput: names what of it may not be.
    """
    shown = url[:80]
    if len(url) > MOST_URL or not url.isascii() or not url.isprintable() or " " in url:
        raise BadInput(field, shown, f"is not an address of at most {MOST_URL} ASCII characters")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise BadInput(field, shown, "is not a URL", "https://example.com/hook") from None
    if parts.scheme not in (("https", "http") if anywhere else ("https",)):
        raise BadInput(field, shown, "is not https", "https://example.com/hook")
    if parts.username is not None or parts.password is not None or "@" in parts.netloc:
        raise BadInput(field, shown, "carries a user name: sign with the secret instead")
    if not anywhere:
        _check_host(field, host)
    elif not host:
        raise BadInput(field, shown, "names no host")
    return parts


def _check_host(field: str, host: str) -> None:
    if literal(host) is not None:
        if not is_public(host):
            raise BadInput(field, host, "is not a public address")
        return
    labels = host.rstrip(".").split(".")
    if _NUMBERS.fullmatch(labels[-1]):
        raise BadInput(field, host, "writes an address as a number")
    if not all(_LABEL.fullmatch(label) for label in labels):
        raise BadInput(field, host, "is not a host name")
    if len(labels) < 2 or labels[-1].lower() in _LOCAL:
        raise BadInput(field, host, "is not a public host name")
