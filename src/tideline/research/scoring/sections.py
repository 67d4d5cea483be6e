"""The card as titled tables of words: the one shape behind Markdown and the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from tideline.research.scoring.card import OURS, Facts
from tideline.research.scoring.claim_sections import claim_sections
from tideline.research.scoring.words import (
    DASH,
    Section,
    interval_words,
    number_words,
    percent_words,
    signed_words,
)

AS_FAR_OFF = 0.02
"""Relative distance from the common alert rate from which a row is marked."""


def sections(card: Facts) -> list[Section]:
    """Everything the card says, the verdict first."""
    return list(_sections(card))


def _sections(card: Facts) -> Iterator[Section]:
    yield Section("Scored", _sample(card))
    for number, each in enumerate(card["rounds"]):
        yield _round(card, each, number)
        yield _differences(card, each)
    yield _classes(card)
    yield _confusion(card)
    yield _skill(card)
    yield _controls(card)
    yield from claim_sections(card)
    if card["ablation"]:
        yield _ablation(card)
    yield _fixed(card)


def _sample(card: Facts) -> str:
    s, p = card["sample"], card["parameters"]
    each = ", ".join(f"{name} {count:.2f}" for name, count in s["true_per_day"].items())
    return (
        f"{s['asset_days']} asset-days of {s['worlds']} worlds ({card['market']}), "
        f"{p['burn_in_days']} days of baseline before the first scored day of each; "
        f"{s['moments']:,} moments {p['step_min']} min apart, window {p['window']}. "
        f"True episodes per asset-day: {each}; their median length is "
        f"{number_words(s['true_minutes_median'], 0)} min; {percent_words(s['mixed'])} of "
        "moments are mixed. "
        f"R1 could tell at {percent_words(s['told'])} of moments, with adaptive bands in force at "
        f"{percent_words(s['adaptive'])}."
    )


def _round(card: Facts, each: Facts, number: int) -> Section:
    rows = []
    for row in each["detectors"]:
        off = abs(row["alerts_per_day"] - each["rate"]) > AS_FAR_OFF * each["rate"]
        lead = row["lead_min"]
        rows.append(
            (
                row["title"],
                number_words(row["strictness"], 3),
                f"{row['alerts_per_day']:.2f}{' *' if off else ''}",
                number_words(row["precision"]),
                number_words(row["recall"]),
                interval_words(row["f1"]),
                number_words(row["pr_auc"]),
                DASH
                if lead is None
                else f"{lead['median']:+.0f} ({lead['p10']:+.0f} … {lead['p90']:+.0f})",
                number_words(row["world_median"]),
                number_words(row["world_worst_decile"]),
            )
        )
    level = card["parameters"]["level"]
    text = (
        f"{each['rate']:.2f} alerts per asset-day for all: {each['title']}. Strictness is in "
        f"multiples of each detector's default; F1 with its {level:.0%} interval by asset-day; "
        "lead in minutes from the first moment of the true episode, median (10 % … 90 %), "
        "negative: the alert came first; then F1 of the median world and of the worst decile."
    )
    if any("*" in row[2] for row in rows):
        text += f" * no strictness gives within {AS_FAR_OFF:.0%} of that rate; the nearest stands."
    columns = ("detector", "strictness", "alerts/day", "precision", "recall", "F1", "PR-AUC",
               "lead, min", "median world", "worst decile")  # fmt: skip
    return Section(f"Equal alerts {number + 1}: {each['title']}", text, columns, tuple(rows))


def _differences(card: Facts, each: Facts) -> Section:
    level = card["parameters"]["level"]
    rows = tuple(
        (
            row["title"],
            interval_words(row["ours_minus"]),
            interval_words(row["ours_minus_by_world"]),
            _won(row["ours_minus"]),
        )
        for row in each["detectors"]
        if row["key"] != OURS
    )
    text = (
        f"F1 of R1 with adaptive bands minus F1 of each other, at {each['rate']:.2f} alerts per "
        f"asset-day, {level:.0%} paired bootstrap intervals: by asset-day, and by whole worlds, "
        "which is the stricter one where days of a world are alike."
    )
    columns = ("against", "ΔF1 by asset-day", "ΔF1 by world", "by asset-day")
    return Section(f"Adaptive against each: {each['title']}", text, columns, rows)


def _won(found: Facts) -> str:
    if found["low"] is None:
        return DASH
    if found["low"] > 0:
        return "adaptive better"
    return "adaptive worse" if found["high"] < 0 else "no difference shown"


def _classes(card: Facts) -> Section:
    rows = tuple(
        (
            row["class"],
            str(row["alerts"]),
            str(row["right"]),
            number_words(row["precision"]),
            str(row["true"]),
            str(row["found"]),
            number_words(row["recall"]),
            number_words(row["f1"]),
        )
        for row in card["classes"]
    )
    columns = ("class", "alerts", "right", "precision", "true", "found", "recall", "F1")
    text = "R1 with adaptive bands at its default, episode by episode."
    return Section("Class by class", text, columns, rows)


def _confusion(card: Facts) -> Section:
    table = card["confusion"]
    rows = tuple(
        (name, *(f"{count:.0f}" for count in counts))
        for name, counts in zip(table["rows"], table["counts"], strict=True)
    )
    text = (
        "R1 with adaptive bands at its default. Rows: what was true; columns: what was said. "
        "Episodes of the same class are paired first, what is left is paired across classes."
    )
    return Section("Confusion of episodes", text, ("true", *table["columns"]), rows)


def _skill(card: Facts) -> Section:
    rows = tuple(
        (row["title"], interval_words(row["class"]), interval_words(row["opened"]))
        for row in card["skill"]
    )
    text = (
        "Peirce skill on the grid, each at its default: hit rate minus false alarm rate, 0 for "
        "whoever knows nothing. In the class: mean over the four. Opened against closed: among "
        "moments at which direction is right, what open interest adds to price."
    )
    columns = ("detector", "in the class", "opened against closed")
    return Section("Skill", text, columns, rows)


def _controls(card: Facts) -> Section:
    said = {True: "contains 0", False: "FAILED", None: "too few alerts to tell"}
    tested = {"opened": "opened against closed", "class": "in the class"}
    rows = tuple(
        (
            row["name"],
            tested[row["tested"]],
            interval_words(row["skill"]),
            str(row["days"]),
            said[row["holds"]],
            number_words(row["f1"]),
            number_words(row["random_f1"]),
        )
        for row in card["controls"]
    )
    level = card["parameters"]["control_level"]
    text = (
        f"{card['verdict']}. R1 with adaptive bands where there is nothing to find: the "
        f"{level:.0%} interval of the skill has to contain 0. Tested at the strictness at which it "
        "speaks as often as there are true episodes, so that there is enough to test. With open "
        "interest moved to another day price still tells up from down, so there only opened "
        "against closed is tested."
    )
    columns = ("control", "skill tested", "skill", "days with a claim", "verdict", "F1",
               "random's F1")  # fmt: skip
    return Section("Negative controls", text, columns, rows)


def _ablation(card: Facts) -> Section:
    rows = tuple(
        (
            row["mechanism"],
            number_words(row["precision"]),
            signed_words(row["precision_change"]),
            number_words(row["recall"]),
            signed_words(row["recall_change"]),
            interval_words(row["f1_change"]),
            f"{row['alerts_per_day']:.2f}",
            f"{row['true_per_day']:.2f}",
        )
        for row in card["ablation"]
    )
    worlds = card["parameters"]["ablation_worlds"]
    text = (
        f"R1 with adaptive bands at its default on {worlds} of the worlds' seeds, "
        f"{card['parameters']['ablation_days']} days each after "
        f"{card['parameters']['ablation_burn_in_days']} of baseline, made with everything and "
        "again without one mechanism; changes are without minus with: positive means that the "
        "mechanism costs R1. So few days show large effects alone. "
        f"ΔF1 with its {card['parameters']['level']:.0%} interval, paired by asset-day."
    )
    columns = ("without", "precision", "change", "recall", "change ", "ΔF1", "alerts/day",
               "true/day")  # fmt: skip
    return Section("What each mechanism does", text, columns, rows)


def _fixed(card: Facts) -> Section:
    mark = card["fingerprint"]
    how = (
        "given, so this is a repetition"
        if mark["repeated"]
        else "drawn from the system's entropy after hashing"
    )
    versions = ", ".join(f"{name} {text}" for name, text in mark["versions"].items())
    seeds = " ".join(str(seed) for seed in mark["seeds"])
    text = (
        f"SHA-256 of every number (readings, market, scorer): {mark['sha256']}. Nonce {how}: "
        f"{mark['nonce']}. Versions: {versions}. Seeds of the worlds: {seeds}."
    )
    return Section("Fixed before, drawn after", text)
