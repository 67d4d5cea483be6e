"""Fault 69 on the wire: what the name server, the certificate and the receiver may try."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
import subprocess
from pathlib import Path

import pytest
from aiohttp import web

from tests.serve.alerts.receiver import Receiver, Scripted
from tideline.serve.alerts import webhook
from tideline.serve.alerts.webhook import Webhooks

PUBLIC = "93.184.216.34"


def post(hooks: Webhooks, url: str):
    async def main():
        async with hooks as opened:
            return await opened.post(url, b"{}", {})

    return asyncio.run(main())


@pytest.mark.parametrize(
    "answers",
    [
        ["127.0.0.1"],
        ["169.254.169.254"],
        ["::1"],
        ["::ffff:127.0.0.1"],
        ["::ffff:169.254.169.254"],
        ["fd00:ec2::254"],
        [PUBLIC, "10.0.0.1"],  # one of several
        ["10.0.0.1", PUBLIC],
    ],
)
def test_a_name_with_one_address_that_is_not_public_is_refused(answers):
    resolver = Scripted(answers)
    outcome = post(Webhooks(resolver=resolver), "https://hooks.example.com/x")
    assert not outcome.taken
    assert "not public" in outcome.note
    assert resolver.asked == 1


def test_an_address_saved_before_is_looked_at_again():
    outcome = post(Webhooks(resolver=Scripted([PUBLIC])), "https://169.254.169.254/latest")
    assert outcome == (False, "is not a public address", False)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    made = f"req -x509 -newkey rsa:2048 -nodes -keyout {key} -out {cert} -days 2 -subj /CN=hooks"
    alt = ("-addext", "subjectAltName=DNS:hooks.example.com")
    subprocess.run([openssl, *made.split(), *alt], check=True, capture_output=True)
    return cert, key


def test_the_vetted_address_is_the_one_that_is_used_with_the_name_as_sni(certificate, monkeypatch):
    """DNS rebinding: the second answer would lead elsewhere, and is never asked for."""
    cert, key = certificate
    monkeypatch.setattr(webhook, "is_public", lambda text: text == "127.0.0.1")
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(cert, key)
    names: list[str | None] = []
    served.sni_callback = lambda _socket, name, _context: names.append(name)
    trusting = ssl.create_default_context(cafile=str(cert))

    async def main():
        async with Receiver().serving(served) as receiver:
            resolver = Scripted(["127.0.0.1"], ["10.0.0.1"])
            hooks = Webhooks(resolver=resolver, tls=trusting)
            async with hooks:
                url = f"https://hooks.example.com:{receiver.port}/x"
                first = await hooks.post(url, b"{}", {})
                second = await hooks.post(url, b"{}", {})
            return receiver, resolver, first, second

    receiver, resolver, first, second = asyncio.run(main())
    assert first.taken
    assert names == ["hooks.example.com"]
    assert receiver.came[0][0]["Host"].startswith("hooks.example.com:")
    assert not second.taken  # a new attempt asks again, and is vetted again
    assert resolver.asked == 2
    assert len(receiver.came) == 1


def test_a_certificate_of_another_name_is_refused(certificate, monkeypatch):
    cert, key = certificate
    monkeypatch.setattr(webhook, "is_public", lambda text: True)
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(cert, key)
    trusting = ssl.create_default_context(cafile=str(cert))

    async def main():
        hooks = Webhooks(resolver=Scripted(["127.0.0.1"]), tls=trusting)
        async with Receiver().serving(served) as receiver, hooks:
            url = f"https://other.example.com:{receiver.port}/x"
            return receiver, await hooks.post(url, b"{}", {})

    receiver, outcome = asyncio.run(main())
    assert not outcome.taken
    assert receiver.came == []


def test_a_redirect_is_not_followed():
    async def main():
        async with Receiver().serving() as receiver:
            receiver.answer = lambda *_: web.Response(
                status=307, headers={"Location": "http://169.254.169.254/"}
            )
            async with Webhooks(anywhere=True) as hooks:
                return receiver, await hooks.post(receiver.url, b"{}", {})

    receiver, outcome = asyncio.run(main())
    assert not outcome.taken
    assert "redirect" in outcome.note
    assert len(receiver.came) == 1


@pytest.mark.parametrize(
    ("status", "taken", "gone"), [(200, True, False), (204, True, False), (400, False, False),
                                  (410, False, True), (503, False, False)]
)  # fmt: skip
def test_what_the_receiver_says(status, taken, gone):
    async def main():
        async with Receiver().serving() as receiver:
            receiver.answer = lambda *_: web.Response(status=status)
            async with Webhooks(anywhere=True) as hooks:
                return await hooks.post(receiver.url, b"{}", {})

    assert asyncio.run(main()) == (taken, str(status), gone)


def test_a_receiver_that_never_answers_is_given_up():
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"http://127.0.0.1:{mute.getsockname()[1]}/"
        outcome = post(Webhooks(anywhere=True, total_s=0.2), url)
    assert not outcome.taken
    assert "Timeout" in outcome.note


def test_a_closed_port_is_an_outcome_not_an_error():
    assert not post(Webhooks(anywhere=True), "http://127.0.0.1:9/").taken
