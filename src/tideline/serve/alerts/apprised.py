"""Messengers by Apprise: only those whose host is fixed, unless the operator says otherwise.

An Apprise address can name any host (``json://10.0.0.1``), a file or a local bus, so for anyone
but the operator a short list is allowed: services of one well-known host each. E-mail goes through
the operator's own server: ``mailto:`` names only the recipient.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from tideline.domain.errors import BadInput, UnknownName

FIXED_HOSTS: Final = ("tgram", "discord", "slack", "pover", "pbul", "mailto")
MOST_URL: Final = 500
_MAIL = re.compile(r"mailto:([A-Za-z0-9._+-]{1,64}@(?:[a-z0-9-]{1,63}\.)+[a-z]{2,63})")
_FIXED = re.compile(r"[a-z]+://[A-Za-z0-9_:@.#*+/-]+")
"""No query: that is where Apprise takes another host, a template file or an attachment from."""

Notify = Callable[[str, str, str], bool]
"""(address, title, body) -> was it taken. Blocks."""


def check_apprise(url: str, *, field: str = "channel.url", anywhere: bool = False) -> None:
    """May this address be notified?

    Raises:
        BadInput, UnknownName: which part may not be. The address itself is a secret: not shown.
    """
    scheme = url.partition(":")[0].lower()
    if len(url) > MOST_URL or not url.isprintable() or not scheme.isalnum():
        raise BadInput(field, scheme[:20], "is not an Apprise address", "tgram://token/chat")
    if anywhere:
        return
    if scheme not in FIXED_HOSTS:
        raise UnknownName(field, scheme[:20], FIXED_HOSTS)
    if scheme == "mailto":
        if _MAIL.fullmatch(url) is None:
            raise BadInput(field, "mailto:…", "is not one address", "mailto:you@example.com")
    elif _FIXED.fullmatch(url) is None:
        raise BadInput(field, f"{scheme}://…", "carries more than tokens", f"{scheme}://token")


def with_server(url: str, mail_server: str) -> str:
    """The address Apprise is handed: a bare recipient goes through the operator's mail server.

    Raises:
        BadInput: mail is asked for and no server was set.
    """
    mail = _MAIL.fullmatch(url)
    if mail is None:
        return url
    if not mail_server:
        raise BadInput("channel.url", "mailto:…", "needs TIDELINE_MAIL, the operator's mail server")
    return f"{mail_server}{'&' if '?' in mail_server else '?'}to={mail[1]}"


def notify(url: str, title: str, body: str) -> bool:
    """Hand one message to Apprise; True when the service took it."""
    from apprise import Apprise

    sender = Apprise()
    return bool(sender.add(url)) and bool(sender.notify(body=body, title=title))
