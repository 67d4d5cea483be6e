"""The venues page of the documentation, printed from the declarations of tideline.venues."""

from collections.abc import Iterator

from tideline.domain.time import DAY, HOUR, MINUTE, SECOND
from tideline.venues.catalogue import VENUES
from tideline.venues.declaration import Charge, Venue

HEAD = """# Venues

What each venue is asked and listened to, what it costs of the venue's limits, and what it does not
offer. `tideline collect --plan` prints the same for your own assets, with the load on every limit.

A feed's whole name begins with its venue: `binance.um.open_interest`.

How each venue counts (one side or both, coins or contracts, since when) is on the page of
[units](units.md).
"""


def venues_page(note: str) -> str:
    """One section a venue, as declared."""
    lines = [note, HEAD]
    for venue in VENUES:
        lines += ["", *section(venue)]
    return "\n".join(lines) + "\n"


def section(venue: Venue) -> Iterator[str]:
    """Hosts, limits, feeds and gaps of one venue."""
    yield from (f"## {venue.name}", "", "| host | address |", "|---|---|")
    for host in venue.hosts:
        yield f"| {host.name} | `{host.url}` |"
    yield from ("", "| limit | the venue's | used at most |", "|---|---|---|")
    for bucket in venue.buckets:
        per = "s" if bucket.per_s == 1 else f"{bucket.per_s:g} s"
        yield f"| {bucket.name} | {bucket.units:g} per {per} | {bucket.share:.0%} |"
    yield from ("", "| feed | way in | cadence | costs | fields |", "|---|---|---|---|---|")
    yield from feeds(venue)
    if venue.not_offered:
        yield from ("", "Not offered:", "")
        for name, why in venue.not_offered.items():
            yield f"- `{name}`: {why}"


def feeds(venue: Venue) -> Iterator[str]:
    """One line a feed."""
    for poll in (*venue.listings, *venue.polls):
        cadence = span(poll.every_s)
        if not poll.covers_all and poll.tail_every_s:
            cadence += f" for the first {poll.top}, then {span(poll.tail_every_s)}"
        yield line(poll.name, "REST snapshot", cadence, cost(poll.charges), poll.fields)
    for history in venue.histories:
        depth = f"{span(history.depth_us / SECOND)} back" if history.depth_us else "latest page"
        way = f"REST rows of {span(history.period_us / SECOND)}, {depth}"
        yield line(history.name, way, span(history.every_s), cost(history.charges), history.fields)
    for stream in venue.streams:
        cut = f", cut after {span(stream.lifetime_s)}" if stream.lifetime_s else ""
        yield line(stream.name, f"WebSocket{cut}", "pushed", "", stream.fields)


def line(name: str, way: str, cadence: str, costs: str, fields: tuple[str, ...]) -> str:
    """A row of the feed table."""
    named = ", ".join(f"`{field}`" for field in fields)
    short = name.partition(".")[2].replace("_", "_<wbr>")
    return f"| {short} | {way} | {cadence} | {costs} | {named} |"


def cost(charges: tuple[Charge, ...]) -> str:
    """What one request costs."""
    return ", ".join(f"{charge.units:g} of {charge.bucket}" for charge in charges)


def span(seconds: float) -> str:
    """A short span: 15 s, 5 min, 1 h, 30 d."""
    us = round(seconds * SECOND)
    for unit, name in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min")):
        if us >= unit and us % unit == 0:
            return f"{us // unit} {name}"
    return f"{seconds:g} s"
