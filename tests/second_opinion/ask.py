"""Run by the environment that has ccxt: asks its exchanges, prints what they say as JSON.

Standard input: a list of {"exchange", "hosts": {real address: ours}, "settings", "calls"}, a call
being [name, [positional], {named}]. Requests to any address that is not in ``hosts`` fail, so
nothing leaves this machine.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import ccxt


def main() -> None:
    said = [asked(wish) for wish in json.load(sys.stdin)]
    json.dump({"version": ccxt.__version__, "said": said}, sys.stdout, default=str)


def asked(wish: dict[str, Any]) -> list[dict[str, Any]]:
    exchange = getattr(ccxt, wish["exchange"])({**wish["settings"], "enableRateLimit": False})
    straight = exchange.fetch

    def fetch(url: str, *args: Any, **kwargs: Any) -> Any:
        for real, ours in wish["hosts"].items():
            if url.startswith(real):
                return straight(ours + url.removeprefix(real), *args, **kwargs)
        raise ConnectionRefusedError(f"{url} is none of our servers")

    exchange.fetch = fetch
    said = []
    for name, args, named in wish["calls"]:
        try:
            said.append({"said": getattr(exchange, name)(*args, **named)})
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer
            said.append({"failed": f"{type(error).__name__}: {error}"})
    return said


if __name__ == "__main__":
    main()
