"""From the outbox to the channels: each event until it is taken, with growing patience.

pending --attempt noted--> sending --taken--> sent
                                   --refused--> pending, later; after the last attempt: dead

The attempt is noted before it is made. A process that dies in between leaves ``sending``, which
is sent again with the same id and a higher ``Tideline-Attempt``: never lost, and a receiver that
keeps ids acts once. A channel that fails too often in a row is switched off and says why.
"""

from __future__ import annotations

import asyncio

import msgspec

from tideline.domain.errors import BadInput
from tideline.domain.time import HOUR, MINUTE, SECOND, Clock
from tideline.serve.alerts.alert import Alert
from tideline.serve.alerts.apprised import Notify, notify, with_server
from tideline.serve.alerts.book import Book, Waiting
from tideline.serve.alerts.message import Event, title_of
from tideline.serve.alerts.signing import HEADER, sign
from tideline.serve.alerts.webhook import Outcome, Webhooks
from tideline.serve.logs import Logger, Silent

WAITS_US = (10 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR, 3 * HOUR)
"""Before the second attempt, the third, …; after one more than these an event is dead."""
MOST_FAILURES = 20
"""Attempts in a row, over all events, after which a channel is switched off."""
AT_ONCE = 20
APPRISE_S = 20.0


class Delivery:
    """Sends what is due. ``mail_server`` is the operator's, for ``mailto:`` channels."""

    def __init__(
        self,
        book: Book,
        webhooks: Webhooks,
        clock: Clock,
        *,
        mail_server: str = "",
        notifier: Notify = notify,
        log: Logger | None = None,
    ) -> None:
        self._book, self._webhooks, self._clock = book, webhooks, clock
        self._mail, self._notify = mail_server, notifier
        self._log = log or Silent()

    async def run_once(self) -> int:
        """Attempt everything that is due now; the number taken."""
        due = await asyncio.to_thread(self._book.take, int(self._clock.now()), AT_ONCE)
        taken = await asyncio.gather(*(self._attempt(waiting) for waiting in due))
        return sum(taken)

    async def trial(self, alert: Alert, event: Event) -> Outcome:
        """One message outside the outbox, to try a channel; success switches it on again."""
        outcome = await self._send(alert, event.id, msgspec.json.encode(event), 1)
        if outcome.taken:
            await asyncio.to_thread(self._book.switch, alert.id, "")
        return outcome

    async def _attempt(self, waiting: Waiting) -> bool:
        alert = await asyncio.to_thread(self._book.alert, waiting.alert)
        if alert is None:
            return False
        try:
            outcome = await self._send(alert, waiting.event, waiting.body, waiting.attempts)
        except Exception as error:  # noqa: BLE001 - whatever it was, the event is tried again
            self._log.failure("alert_not_sent", error, event_id=waiting.event)
            outcome = Outcome(False, type(error).__name__)
        await asyncio.to_thread(self._settle, waiting, outcome)
        return outcome.taken

    def _settle(self, waiting: Waiting, outcome: Outcome) -> None:
        dead = waiting.attempts > len(WAITS_US)
        state = "sent" if outcome.taken else "dead" if dead else "pending"
        wait = 0 if state != "pending" else WAITS_US[waiting.attempts - 1]
        self._book.settle(waiting.event, state, int(self._clock.now()) + wait, outcome.note)
        failures = self._book.fared(waiting.alert, outcome.taken)
        if outcome.gone or failures >= MOST_FAILURES:
            said = f"{failures} attempts in a row were not taken, the last: {outcome.note}"
            self._book.switch(waiting.alert, said)
            self._log.info("alert_channel_off", alert=waiting.alert, why=said)

    async def _send(self, alert: Alert, event: str, body: bytes, attempt: int) -> Outcome:
        if alert.spec.channel.kind == "webhook":
            stamp = int(self._clock.now()) // SECOND
            headers = {
                HEADER: sign(alert.secret, body, stamp),
                "Tideline-Event": event,
                "Tideline-Attempt": str(attempt),
            }
            return await self._webhooks.post(alert.spec.channel.url, body, headers)
        return await self._tell(alert, body, attempt)

    async def _tell(self, alert: Alert, body: bytes, attempt: int) -> Outcome:
        event = msgspec.json.decode(body, type=Event)
        again = " (sent again: an earlier attempt may have arrived)" if attempt > 1 else ""
        try:
            url = with_server(alert.spec.channel.url, self._mail)
            call = asyncio.to_thread(self._notify, url, title_of(event), event.text + again)
            taken = await asyncio.wait_for(call, APPRISE_S)
        except BadInput as error:
            return Outcome(False, error.problem)
        except Exception as error:  # noqa: BLE001 - a messenger's library may raise anything
            return Outcome(False, type(error).__name__)
        return Outcome(taken, "taken" if taken else "the service did not take it")
