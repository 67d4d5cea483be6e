"""Fault 70: a webhook that is forged, changed or replayed does not verify."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from tideline.serve.alerts.signing import TOLERANCE_S, new_secret, sign, verify

BODY, NOW = b'{"id":"al_1:BTC:1"}', 1_767_225_600


def test_the_signature_is_plain_hmac_over_time_and_body():
    mac = hmac.new(b"whsec_s", b"1767225600." + BODY, hashlib.sha256).hexdigest()
    assert sign("whsec_s", BODY, NOW) == f"t=1767225600,v1={mac}"
    assert verify("whsec_s", BODY, sign("whsec_s", BODY, NOW), NOW)


@pytest.mark.parametrize("late", [-TOLERANCE_S, 0, TOLERANCE_S])
def test_within_the_tolerance(late):
    assert verify("s", BODY, sign("s", BODY, NOW), NOW + late)


@pytest.mark.parametrize("late", [-TOLERANCE_S - 1, TOLERANCE_S + 1])
def test_a_replay_is_refused(late):
    assert not verify("s", BODY, sign("s", BODY, NOW), NOW + late)


def test_a_forgery_is_refused():
    good = sign("s", BODY, NOW)
    assert not verify("other", BODY, good, NOW)
    assert not verify("s", BODY + b" ", good, NOW)
    assert not verify("s", BODY, good.replace("t=1767225600", "t=1767225601"), NOW)
    assert not verify("s", BODY, good[:-1] + ("0" if good[-1] != "0" else "1"), NOW)
    for header in ("", "t=,v1=", "t=٣,v1=x", "v1=x", "t=" + "9" * 40 + ",v1=x", "nonsense"):
        assert not verify("s", BODY, header, NOW)


def test_secrets_are_long_and_new():
    made = {new_secret() for _ in range(50)}
    assert len(made) == 50
    assert all(len(one) == len("whsec_") + 43 for one in made)
