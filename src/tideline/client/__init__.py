"""The typed client of the HTTP interface: the same calls with and without ``async``.

    with Client("http://127.0.0.1:8787") as tide:
        tide.historical(rows, ["positioning.oi_usdtm@1h:zscore"])

    async with AsyncClient("https://data.example.org", key="fk_live_…") as tide:
        await tide.live("BTC", ["price.ret@1h"])

    calls          what each call asks and how its answer is read
    alerts         the same for alerts
    stream         one subscription: what is said, what is heard, when to come again
    synchronous    Client
    asynchronous   AsyncClient

What a call asks and how its answer is read is written once (:class:`Call`), and so is the stream.
Tables are Polars frames. It knows nothing of the rest of tideline.
"""

from tideline.client.asynchronous import AsyncClient
from tideline.client.calls import Call, Refused
from tideline.client.synchronous import Client

__all__ = ["AsyncClient", "Call", "Client", "Refused"]
