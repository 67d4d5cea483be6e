"""Fault 69: a webhook goes to a public https address or nowhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tideline.domain.errors import BadInput
from tideline.serve.alerts.apprised import check_apprise, with_server
from tideline.serve.alerts.destination import check_url


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/hook",
        "https://hooks.example.co.uk:8443/a/b?c=d",
        "https://93.184.216.34/x",
        "https://[2606:2800:220:1:248:1893:25c8:1946]/x",
    ],
)
def test_public_https_is_taken(url):
    assert check_url(url).scheme == "https"


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/hook",
        "ftp://example.com/",
        "file:///etc/passwd",
        "https://",
        "https://localhost/x",
        "https://LOCALHOST./x",
        "https://printer/x",
        "https://db.internal/x",
        "https://127.0.0.1/x",
        "https://10.1.2.3/x",
        "https://192.168.0.1/x",
        "https://169.254.169.254/latest/meta-data/",
        "https://100.100.100.200/",
        "https://0.0.0.0/",
        "https://[::1]/",
        "https://[::]/",
        "https://[fd00:ec2::254]/",
        "https://[fe80::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:a9fe:a9fe]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[2002:7f00:1::]/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.1/",
        "https://017700000001/",
        "https://127.1/",
        "https://example.com.0x7f/",
        "https://user:pass@example.com/",
        "https://example.com@127.0.0.1/",
        "https://example.com:99999/",
        "https://exa mple.com/",
        "https://example.com/\r\nHost: x",
        "https://exämple.com/",
        "https://example.com\\@127.0.0.1/",
        "https://[::1",
        "https://example.com/" + "a" * 600,
        "",
    ],
)
def test_anything_else_is_refused(url):
    with pytest.raises(BadInput) as caught:
        check_url(url)
    assert caught.value.field == "channel.url"


@given(st.text(max_size=80).map(lambda text: "https://" + text))
def test_any_text_is_an_address_or_a_named_error(text):
    try:
        parts = check_url(text)
    except BadInput:
        return
    assert parts.hostname


def test_the_operator_may_name_their_own_machine():
    assert check_url("http://127.0.0.1:8000/x", anywhere=True).port == 8000
    with pytest.raises(BadInput):
        check_url("file:///etc/passwd", anywhere=True)


@pytest.mark.parametrize(
    "url",
    ["tgram://123:abc/456", "discord://id/token", "slack://a/b/c/#room", "mailto:a@example.com"],
)
def test_messengers_of_one_host_are_taken(url):
    check_apprise(url)


@pytest.mark.parametrize(
    "url",
    [
        "json://10.0.0.1/x",
        "xml://localhost",
        "syslog://",
        "dbus://",
        "file:///etc/passwd",
        "ntfy://10.0.0.1/topic",
        "mailtos://u:p@10.0.0.1",
        "mailto:a@example.com?smtp=10.0.0.1",
        "mailto:a@b.com,c@d.com",
        "mailto:a@localhost",
        "discord://id/token?template=/etc/passwd",
        "tgram://123:abc/456\nx",
        "tgram",
        "",
    ],
)
def test_messengers_that_could_reach_anything_are_refused(url):
    with pytest.raises(BadInput) as caught:
        check_apprise(url)
    secret = url.partition(":")[2].strip("/")
    assert not secret or secret not in str(caught.value)


def test_mail_goes_through_the_operators_server():
    server = "mailtos://u:p@example.com"
    assert with_server("mailto:a@b.com", server) == f"{server}?to=a@b.com"
    assert with_server("mailto:a@b.com", server + "?smtp=x") == f"{server}?smtp=x&to=a@b.com"
    assert with_server("tgram://a/b", "") == "tgram://a/b"
    with pytest.raises(BadInput, match="TIDELINE_MAIL"):
        with_server("mailto:a@b.com", "")
