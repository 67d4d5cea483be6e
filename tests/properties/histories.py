"""Random bitemporal histories: late, restated, duplicated, out-of-order, suspect, broken, silent.

    a signal and a window ─▶ groups ─▶ legs on a grid ─▶ known times ─▶ what went wrong ─▶ log order

The grid is a divisor or a multiple of the window, so that events, window edges and moments of
asking fall on each other again and again. Everything comes from one seeded generator.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tests.reference.groups import facts_of, in_order
from tests.reference.known import FEED_OF
from tests.reference.model import DAY, HOUR, MINUTE, SECOND, WINDOWS, Group, Row
from tests.reference.signals import SPECS

START = 20_000 * DAY

POOL: tuple[Group, ...] = (
    ("binance", "1000BTCUSDT"),
    ("binance", "BTCUSDT"),
    ("binance", "BTCUSDT_260327"),
    ("binance", "BTCUSD_PERP"),
    ("bybit", "BTCUSD"),
    ("bybit", "BTCUSDT"),
    ("okx", "BTC-USD-SWAP"),
    ("okx", "BTC-USDT-SWAP"),
    ("bitget", "BTCUSDT"),
    ("hyperliquid", "BTC"),
    ("coinbase", "BIP-20DEC30-CDE"),
)

FUNDING = (
    "open_interest_usd",
    "funding_rate_quoted",
    "funding_rate_settled",
    "funding_interval_h",
)


@dataclass(frozen=True)
class History:
    """A log and the moments to ask it about."""

    seed: int
    signal: str
    window: str
    rows: list[Row]
    moments: list[int]


@dataclass
class Maker:
    """Makes one history; each step draws from the same generator."""

    rng: np.random.Generator
    signal: str
    w: int
    step: int = 0
    count: int = 0
    calm: bool = False

    def fault(self, p: float) -> bool:
        """Something goes wrong with this probability, never in a calm history."""
        return self.chance(p) and not self.calm

    def chance(self, p: float) -> bool:
        return bool(self.rng.random() < p)

    def pick(self, items):
        return items[int(self.rng.integers(len(items)))]

    # shape -------------------------------------------------------------------------------

    def lay_grid(self) -> None:
        """How fine and how long: fine grids serve the sixty sub-windows, coarse ones baselines."""
        often = "fine" if SPECS[self.signal].flows else "whole"
        style = self.pick(("fine", "half", "whole", often, "coarse", "odd"))
        parts = {"fine": self.pick((60, 120)), "half": self.pick((2, 5)), "whole": 1}
        if style in parts:
            self.step = max(1, self.w // parts[style])
        else:
            self.step = 2 * self.w if style == "coarse" else max(1, (self.w * 2) // 7)
        longest = {"fine": 200, "half": 120}.get(style, 50)
        self.calm = self.chance(0.35)
        if self.signal == "positioning.oi_volume" and self.chance(0.7):
            self.step = int(DAY // self.pick((4, 12, 48)))  # its flow is a day's, whatever w
        self.count = int(self.rng.integers(longest // 2 if self.calm else 3, longest))

    def groups(self) -> list[Group]:
        """One to four members of the signal, sometimes a stranger beside them."""
        member = SPECS[self.signal].member
        members = [g for g in POOL if member(g, facts_of(g))]
        some = int(self.pick((1, 2, 2, 3, 4)))
        order = self.rng.permutation(len(members))[:some]
        chosen = {members[i] for i in order}
        if self.chance(0.3):
            chosen.add(self.pick(POOL))
        return in_order(chosen)

    # legs ----------------------------------------------------------------------------------

    def fields(self) -> tuple[str, ...]:
        spec = SPECS[self.signal]
        names = [*spec.stocks, *spec.flows]
        if spec.rated:
            names += FUNDING
        if self.signal == "funding.minutes_until_funding":
            names += ["funding_rate_quoted", "funding_rate_settled"]
        if spec.needs_supply:
            names += ["index_price", "mark_price"]
        if self.chance(0.2):
            names.append("taker_ratio_bar")
        return tuple(dict.fromkeys(names))

    def values(self, name: str, count: int) -> np.ndarray:
        """Few whole numbers (ties, exact sums), a walk, or a flat line; now and then zeros."""
        style = self.pick(("whole", "walk", "flat", "wild"))
        if style == "whole":
            found = self.rng.integers(1, 5, count).astype(float)
        elif style == "walk":
            found = 1000.0 * np.exp(np.cumsum(self.rng.normal(0, 0.01, count)))
        elif style == "flat":
            found = np.full(count, 7.25)
        else:
            found = 10.0 ** self.rng.uniform(-3, 6, count)
        if name.startswith("funding_rate"):
            found = self.rng.normal(0, 1e-4, count) if style == "walk" else found * 1e-5
        if name == "funding_interval_h":
            return np.full(count, self.pick((1.0, 4.0, 8.0)))
        if self.fault(0.06):
            found[self.rng.random(count) < 0.3] = 0.0
        return found

    def leg(self, group: Group, name: str, times: list[int], cadence: float) -> list[Row]:
        rows = []
        for event, number in zip(times, self.values(name, len(times)), strict=True):
            value = float(number)
            if name == "next_funding_time":
                value = float(event + int(self.rng.integers(-2, 6)) * self.w)
            rows.append(Row(*group, name, event, event, value, cadence_s=cadence))
        return rows

    def times(self) -> list[int]:
        """A grid with losses, sometimes off by microseconds, sometimes silent or dead."""
        grid = [START + k * self.step for k in range(self.count)]
        if self.fault(0.4):
            loss = self.rng.uniform(0, 0.5)
            grid = [t for t in grid if not self.chance(loss)]
        if self.fault(0.2):
            grid = [t + int(self.rng.integers(-1, 2)) for t in grid]
        if grid and self.fault(0.3):  # a silence, in the middle or at either end
            length = int(self.rng.integers(1, 1 + len(grid) // 2 + 1))
            first = self.pick((0, len(grid) - length, int(self.rng.integers(len(grid)))))
            del grid[max(first, 0) : max(first, 0) + length]
        return sorted(set(grid))

    def cadence(self) -> float:
        """What the source says of itself: the step, mostly; 0 or a lie now and then."""
        true = self.step / SECOND
        return true if self.calm else float(self.pick((true, true, 0.0, 2 * true)))

    def group_rows(self, group: Group) -> list[Row]:
        rows, shared, cadence = [], self.times(), self.cadence()
        for name in self.fields():
            if self.fault(0.05):
                continue
            times = self.times() if self.chance(0.2) else shared
            bars = name in FEED_OF and FEED_OF[name].bars
            said = self.step / SECOND if bars and not self.fault(0.1) else cadence
            leg = self.leg(group, name, times, said)
            if name in FEED_OF and not bars:
                leg = self.as_events(leg)
            if self.fault(0.15) and leg:  # the source changed its cadence
                turn = self.pick(leg).event_time
                slower = said * self.pick((0.5, 2.0, 70.0))
                leg = [replace(r, cadence_s=slower) if r.event_time < turn else r for r in leg]
            rows += leg
        if self.fault(0.3):  # an outage longer than anything may be carried
            turn = START + int(self.rng.integers(1, self.count + 1)) * self.step
            away = int(self.pick((31 * MINUTE, HOUR, 13 * HOUR, 2 * DAY)))
            rows = [self.moved(r, -away) if r.event_time < turn else r for r in rows]
        return rows + self.marks(group)

    @staticmethod
    def moved(row: Row, by: int) -> Row:
        return replace(row, event_time=row.event_time + by, known_time=row.known_time + by)

    def as_events(self, leg: list[Row]) -> list[Row]:
        """Executions: at any time, with no cadence, often none."""
        kept = [r for r in leg if self.chance(0.5)]
        return [
            replace(
                self.moved(r, int(self.rng.integers(0, self.step)) if self.chance(0.5) else 0),
                cadence_s=0.0,
            )
            for r in kept
        ]

    # marks ---------------------------------------------------------------------------------

    def some_time(self) -> int:
        place = int(self.rng.integers(-2, self.count + 2)) * self.step
        return START + place + int(self.pick((0, 0, 0, 1, -1, self.step // 2)))

    def marks(self, group: Group) -> list[Row]:
        rows = []
        feeds = sorted({FEED_OF[name].name for name in SPECS[self.signal].flows})
        for feed in feeds:
            if self.chance(0.6):
                begin = START - int(self.pick((0, self.w, 5 * self.w, DAY)))
                every = int(self.pick((self.step, 3 * self.step, max(self.w, self.step))))
                end = START + (self.count + 1) * self.step
                said = float(self.pick((0.0, every / SECOND)))
                for event in range(begin, end, max(every, (end - begin) // 40 + 1)):
                    rows.append(Row(*group, f"alive.{feed}", event, event, 1.0, cadence_s=said))
            for _ in range(0 if self.calm else int(self.pick((0, 0, 0, 1, 2)))):
                start = self.some_time()
                end = start + int(self.rng.integers(0, 4)) * self.step
                rows.append(Row(*group, f"gap.{feed}", start, start, float(end)))
                if self.chance(0.5):
                    end += self.step
                    rows.append(Row(*group, f"gap.{feed}", start, end, float(end)))
        if self.fault(0.15):
            name = self.pick(self.fields())
            start = self.some_time()
            rows.append(Row(*group, f"break.{name}", start, start, 2.0))
        return rows

    def supply(self) -> list[Row]:
        if not SPECS[self.signal].needs_supply or self.fault(0.1):
            return []
        days = [START - k * DAY for k in (9, 3, 2, 1, 0)]
        leg = self.leg(("reference", "BTC"), "circulating_supply", sorted(days), 86400.0)
        return [r for r in leg if not self.chance(0.2)]

    # knowledge -----------------------------------------------------------------------------

    def learn(self, rows: list[Row]) -> list[Row]:
        """When each row was known, what came twice, what was restated, what is suspect."""
        lag = int(self.pick((0, 0, 1, self.step, 5 * MINUTE)))
        late, again, bad = (self.pick((0.0, 0.1, 0.3)) for _ in range(3))
        assumed = self.pick((0.0, 0.0, 0.5, 1.0))
        found = []
        for old in rows:
            delay = lag + (int(self.rng.integers(0, 6)) * self.step if self.chance(late) else 0)
            basis = "assumed" if self.chance(assumed) else "recorded"
            row = replace(old, known_time=old.known_time + delay, basis=basis)
            found.append(row)
            if row.field.startswith(("gap.", "break.")):
                continue
            if self.chance(again):
                found += self.versions(row)
            if self.chance(bad * 0.5):
                found[-1] = replace(found[-1], status="suspect")
        return found

    def versions(self, row: Row) -> list[Row]:
        """Restated, duplicated, or restated at the very same known_time; good again or not."""
        found = []
        for _ in range(int(self.rng.integers(1, 3))):
            wait = int(self.pick((0, 1, self.step, 3 * self.step, 7 * self.w)))
            value = row.value * float(self.pick((1.0, 2.0, 0.5, 1.25)))
            if row.field == "next_funding_time":
                value = row.value + self.w
            basis = self.pick(("recorded", row.basis))
            found.append(replace(row, known_time=row.known_time + wait, value=value, basis=basis))
        return found

    def in_log_order(self, rows: list[Row]) -> list[Row]:
        """As it came, or thoroughly mixed: imports bring old knowledge late."""
        style = self.pick(("known", "mixed", "reversed"))
        if style == "mixed":
            return [rows[i] for i in self.rng.permutation(len(rows))]
        if style == "known":
            return sorted(rows, key=lambda r: r.known_time)
        return rows[::-1]

    def moments(self, rows: list[Row], count: int) -> list[int]:
        """On events, on edges of windows, at and just before something was known."""
        if not rows:
            return [START]
        found = []
        end = START + self.count * self.step
        for _ in range(count):
            row = self.pick(rows)
            found.append(
                self.pick(
                    (
                        row.event_time,
                        row.event_time + int(self.rng.integers(0, 4)) * self.w,
                        row.known_time,
                        row.known_time - 1,
                        end,
                        end + int(self.rng.integers(0, 2 * self.step + 2)),
                        end - int(self.rng.integers(0, self.count)) * self.step,
                    )
                )
            )
        return found


def history(seed: int, signal: str, window: str, moments: int = 3) -> History:
    """The history of this seed, for this signal and window."""
    maker = Maker(np.random.default_rng(seed), signal, WINDOWS[window])
    maker.lay_grid()
    rows = [row for group in maker.groups() for row in maker.group_rows(group)]
    rows = maker.learn(rows + maker.supply())
    rows = maker.in_log_order(rows)
    return History(seed, signal, window, rows, maker.moments(rows, moments))
