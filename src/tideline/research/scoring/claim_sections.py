"""The card's tables of every reading's claims."""

from __future__ import annotations

from collections.abc import Iterator

from tideline.research.scoring.claim_card import Facts
from tideline.research.scoring.words import (
    DASH,
    Section,
    interval_words,
    number_words,
    percent_words,
)


def claim_sections(card: Facts) -> Iterator[Section]:
    """Claims, their controls, contrasts, the forced share, and what truth cannot judge."""
    facts = card["claims"]
    if facts is None:
        return
    level = card["parameters"]["level"]
    yield _claims(facts, level)
    yield _against(facts, level)
    yield _contrasts(facts, level)
    yield _shares(facts, level)
    yield Section(
        "What truth cannot judge", "No score, and why.", ("rule", "why"),
        tuple((rules, why) for rules, why in facts["silent"]),
    )  # fmt: skip


def _claims(facts: Facts, level: float) -> Section:
    rows = tuple(
        (
            f"{row['rule']} {row['window']}",
            "; ".join(f"{name}: {claims}" for name, claims in row["classes"].items()),
            percent_words(row["told"]),
            f"{row['alerts']:.0f}",
            f"{row['true']:.0f}",
            number_words(row["precision"]),
            number_words(row["recall"]),
            interval_words(row["f1"]) if row["alerts"] else DASH,
            DASH if row["lead_min"] is None else f"{row['lead_min']:+.0f}",
        )
        for row in facts["rows"]
    )
    text = (
        "Each rule as it is in use, on its own window, episode by episode: what its names claim, "
        "at how many moments it could tell, its alerts and the true episodes of the classes it can "
        f"claim, F1 with its {level:.0%} interval by asset-day (24h windows: by world), median "
        "lead in minutes (negative: the alert came first). A claim is right where what it names "
        "dominated among directional takers; what dominated is looked for as the rule's family of "
        "truth says, never in price or open interest."
    )
    columns = ("rule", "claims", "told", "alerts", "true", "precision", "recall", "F1", "lead, min")
    return Section("All readings: claims", text, columns, rows)


def _against(facts: Facts, level: float) -> Section:
    said = {True: "contains 0", False: "FAILED", None: ""}
    rows = []
    for row in facts["rows"]:
        name = f"{row['rule']} {row['window']}"
        if row["simple"] is None:
            rows.append((name, "no alert at all", *(DASH,) * 6))
            continue
        simple, chance, control = row["simple"], row["chance"], row["control"]
        far = abs(simple["alerts_per_day"] - row["alerts_per_day"]) > 0.1 * row["alerts_per_day"]
        rows.append(
            (
                name,
                simple["title"] + (" *" if far else ""),
                number_words(simple["f1"]),
                interval_words(simple["ours_minus"]),
                number_words(chance["f1"]),
                interval_words(chance["ours_minus"]),
                interval_words(row["skill"]),
                DASH
                if control["skill"] is None
                else f"{interval_words(control['skill'])} {said[control['holds']]}",
            )
        )
    text = (
        "At equal alerts per asset-day: the obvious baseline, swept until it speaks as often, and "
        "chance, which knows how often each class is true. Differences are the rule's F1 less "
        f"theirs, {level:.0%} paired intervals. Skill is Peirce's in the classes, on the grid; "
        f"with truth shuffled among asset-days, {facts['shuffles']} times, the interval of its "
        f"mean ({facts['level']:.2%}, which is 99 % for all these rules together) has to hold 0. "
        "* no strictness gives within 10 % of the rate."
    )
    columns = ("rule", "baseline", "its F1", "ΔF1 against it", "chance's F1", "ΔF1 against chance",
               "skill", "skill with truth shuffled")  # fmt: skip
    return Section(
        "All readings: against the obvious and against chance", text, columns, tuple(rows)
    )


def _contrasts(facts: Facts, level: float) -> Section:
    rows = tuple(
        (
            f"{row['rule']}: {row['title']}",
            row["says"],
            *(f"{name} {percent_words(mean)} ({count})"
              for name, mean, count in zip(row["names"], row["means"], row["episodes"],
                                           strict=True)),
            interval_words(row["difference"]),
        )
        for row in facts["contrasts"]
    )  # fmt: skip
    text = (
        "Two states of one rule that say different things: the mean over episodes (how many) of "
        f"what was true, and the difference with its {level:.0%} interval by asset-day. 0: the "
        "name tells nothing."
    )
    columns = ("states", "what was true", "one", "other", "one less other")
    return Section("All readings: names that differ in degree", text, columns, rows)


def _shares(facts: Facts, level: float) -> Section:
    rows = tuple(
        (
            row["title"],
            percent_words(row["holds"]),
            number_words(row["width"]),
            number_words(row["score"]),
            interval_words(row["worse"]),
        )
        for row in facts["shares"]["rows"]
    )
    text = (
        f"The forced share of the closing that R3.kind names, {facts['shares']['episodes']} "
        "episodes: how often each interval holds the true share (in coin, that side alone, where "
        "the liquidation feed is complete), how wide it is, and the interval score, width + 40 × "
        "how far truth lies outside: smaller is better. Last, its score less that of R3's: "
        f"positive is in favour of R3, {level:.0%} interval by asset-day."
    )
    columns = ("interval", "holds", "width", "score", "score less R3's")
    return Section("Forced and voluntary: the interval", text, columns, rows)
