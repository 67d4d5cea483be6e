"""Rules: what is one, what is said of what is none, and when one is true."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tideline.domain.errors import BadInput, BadRule
from tideline.features.address import parse_address
from tideline.features.rule import (
    OPS,
    And,
    Comparison,
    Feature,
    NamedReading,
    Not,
    Number,
    Or,
    ReadingTerm,
    Word,
    features_of,
    print_rule,
    readings_of,
)
from tideline.features.rule_parser import MOST_COMPARISONS, MOST_DEPTH, parse_rule
from tideline.features.rule_tokens import MOST_CHARACTERS
from tideline.features.rule_truth import truth
from tideline.features.window import TRANSFORMS, WINDOWS
from tideline.signals import BY_ADDRESS

STATES = ("new_longs", "short_covering", "balanced")
READINGS = {
    "price_oi": NamedReading(STATES, ("45m", "1h", "4h")),
    "R3": NamedReading(
        ("short_squeeze", "sharp_deleveraging"),
        ("45m", "1h"),
        {"short_squeeze": "R3.kind", "sharp_deleveraging": "R3.sharp"},
    ),
    "R3.kind": NamedReading(("short_squeeze", "quiet"), ("45m", "1h")),
    "R3.sharp": NamedReading(("sharp_deleveraging", "quiet"), ("1h",)),
}
RET, OI = "price.ret@15m", "positioning.oi_usdtm_coin@15m:rate"


def read(text: str):
    return parse_rule(text, BY_ADDRESS, READINGS)


# --- the grammar -------------------------------------------------------------------------------


def test_the_example_is_read():
    oi, ret = parse_address(OI), parse_address(RET)
    expected = And(
        (
            Comparison(Feature(oi), "<", Number(-0.05)),
            Comparison(Feature(ret), ">", Number(0.0)),
        )
    )
    assert read(f"{OI} < -0.05 and {RET} > 0") == expected


def test_comparison_binds_before_not_before_and_before_or():
    a, b, c = (f"{RET} > {n}" for n in (1, 2, 3))
    assert read(f"{a} or {b} and not {c}") == Or((read(a), And((read(b), Not(read(c))))))
    assert read(f"({a} or {b}) and not {c}") == And((Or((read(a), read(b))), Not(read(c))))
    assert read(f"not ({a} and {b})") == Not(And((read(a), read(b))))


def test_readings_are_terms():
    state = ReadingTerm("price_oi", "45m")
    assert read("price_oi@45m == short_covering") == Comparison(state, "==", Word("short_covering"))
    rule = read("price_oi@45m.severity >= elevated and 1.5 < price_oi@1h.strength")
    assert readings_of(rule) == (
        ReadingTerm("price_oi", "45m", "severity"),
        ReadingTerm("price_oi", "1h", "strength"),
    )
    assert features_of(rule) == ()


def test_a_state_of_a_reading_made_of_several_says_which_is_meant():
    rule = read("R3@1h == sharp_deleveraging or R3@45m != short_squeeze")
    assert rule == read("R3.sharp@1h == sharp_deleveraging or R3.kind@45m != short_squeeze")
    assert read(print_rule(rule)) == rule


@pytest.mark.parametrize(
    ("text", "part", "position", "nearest"),
    [
        ("", "the end", 0, "positioning.oi_usdtm@1h"),
        (f"{RET} > 5%", "5%", 16, "0.05"),
        (f"{RET} > 5bps", "5bps", 16, "5"),
        ("price.rett@15m > 1", "rett@15m", 6, "price.ret"),
        ("price.ret@16m > 1", "16m", 10, "1m"),
        ("price.ret@15m:zscor > 1", "zscor", 14, "zscore"),
        ("oi_usdtm@1h > 1", "oi_usdtm@1h", 0, "positioning.oi_usdtm@1h"),
        (f"{RET} = 1", "=", 14, "=="),
        (f"{RET} > 1 && 2", "&", 18, "and"),
        (f"{RET} > 1 AND {RET} < 2", "AND", 18, "and"),
        (f"({RET} > 1", "the end", 18, ")"),
        (f"0 < {RET} < 1", "<", 18, "and"),
        ("price_oi@45m == short_cover", "short_cover", 16, "short_covering"),
        ("price_oi@45m >= balanced", ">=", 13, "=="),
        ("price_oi@46m == balanced", "46m", 9, "45m"),
        ("price_oi@15m == balanced", "15m", 9, "45m"),
        ("R3.knd@45m == quiet", "R3.knd", 0, "R3.kind"),
        ("R3.sharp@45m == quiet", "45m", 9, "1h"),
        (f"{RET} > 1 and R3@45m == sharp_deleveraging", "45m", 25, "1h"),
        ("R3@45m == short_squeze", "short_squeze", 10, "short_squeeze"),
        ("R3@45m == quiet", "quiet", 10, None),
        ("R3@45m.severity >= watch", "R3", 0, "R3.kind"),
        ("R3.kind@ == quiet", "the end", 8, "45m"),
        ("price_oi@45m.severty >= watch", "severty", 13, "severity"),
        ("price_oi@45m.severity >= high", "high", 25, None),
        ("funding.minutes_until_funding@1h:delta > 3", None, 0, "funding.minutes_until_funding@1h"),
        (f"{RET} > 1e999", "1e999", 16, None),
        ("1 < 2", "1", 0, None),
        (f"__import__('os') or {RET} > 1", "'", 11, None),
    ],
)
def test_an_error_names_part_position_and_nearest(text, part, position, nearest):
    with pytest.raises(BadRule) as caught:
        read(text)
    error = caught.value
    assert error.position == position
    if part is not None:
        assert error.part == part
    if nearest is not None:
        assert error.nearest == nearest
    assert isinstance(error, BadInput)


def test_length_depth_and_number_of_comparisons_have_an_end():
    one = f"{RET} > 1"
    inside = "(" * (MOST_DEPTH - 1) + one + ")" * (MOST_DEPTH - 1)
    assert read(inside) == read(one)
    with pytest.raises(BadRule, match=f"more than {MOST_DEPTH} deep"):
        read(f"({inside})")
    with pytest.raises(BadRule, match="deep"):
        read("not " * MOST_DEPTH + one)
    assert len(read(" or ".join([one] * MOST_COMPARISONS)).parts) == MOST_COMPARISONS
    with pytest.raises(BadRule, match=f"more than {MOST_COMPARISONS} comparisons"):
        read(" or ".join([one] * (MOST_COMPARISONS + 1)))
    assert read(one + " " * (MOST_CHARACTERS - len(one))) == read(one)
    with pytest.raises(BadRule, match=f"at most {MOST_CHARACTERS} characters"):
        read(one + " " * (MOST_CHARACTERS - len(one) + 1))


numbers = st.floats(allow_nan=False, allow_infinity=False).map(Number)
plain = [s for s, signal in BY_ADDRESS.items() if not signal.level_only]
features = st.builds(
    lambda signal, window, transform: Feature(parse_address(f"{signal}@{window}:{transform}")),
    st.sampled_from(plain),
    st.sampled_from(list(WINDOWS)),
    st.sampled_from([*TRANSFORMS, "rate[7]", "zscore[90]", "pctrank[720]"]),
)
strengths = st.builds(
    ReadingTerm,
    st.sampled_from(["price_oi", "R3.kind"]),
    st.sampled_from(["45m", "1h"]),
    st.just("strength"),
)
signs = st.sampled_from(OPS)
leaves = st.one_of(
    st.builds(Comparison, st.one_of(features, strengths), signs, st.one_of(features, numbers)),
    st.builds(Comparison, numbers, signs, st.one_of(features, strengths)),
    st.builds(
        lambda window, op, word: Comparison(ReadingTerm("price_oi", window), op, Word(word)),
        st.sampled_from(READINGS["price_oi"].windows),
        st.sampled_from(["==", "!="]),
        st.sampled_from(STATES),
    ),
    st.builds(
        lambda op, word: Comparison(ReadingTerm("price_oi", "1h", "severity"), op, Word(word)),
        signs,
        st.sampled_from(["none", "watch", "elevated", "extreme"]),
    ),
)
many = {"min_size": 2, "max_size": 3}
rules = st.recursive(
    leaves,
    lambda inner: st.one_of(
        inner.map(Not),
        st.lists(inner, **many).map(lambda parts: And(tuple(parts))),
        st.lists(inner, **many).map(lambda parts: Or(tuple(parts))),
    ),
    max_leaves=8,
)


def bounded(rule) -> bool:
    return len(print_rule(rule)) <= MOST_CHARACTERS


@given(rules.filter(bounded))
def test_what_is_printed_parses_to_the_same_rule(rule):
    assert read(print_rule(rule)) == rule


words = st.sampled_from(
    ["and", "or", "not", "(", ")", "<", ">=", "==", RET, OI, "price_oi@45m", "0.5", "-3", "1e5",
     "price_oi@45m.severity", "R3@1h", "R3.sharp@1h.direction", "==",
     "short_squeeze", "watch", "balanced", "@", ".", ":", "[", "5%", "&", "٣", "\x00", "'"]
)  # fmt: skip


@given(st.one_of(st.text(max_size=60), st.lists(words, max_size=12).map(" ".join)))
@settings(max_examples=300)
def test_any_text_is_a_rule_or_a_named_error(text):
    try:
        rule = read(text)
    except BadRule as error:
        assert 0 <= error.position <= len(text)
        assert error.part
    else:
        assert read(print_rule(rule)) == rule


# --- truth -------------------------------------------------------------------------------------

UNKNOWN = 0.5


def level(value: bool | None) -> float:
    return UNKNOWN if value is None else float(value)


def by_levels(rule, table) -> float:
    """Kleene's logic in another form: false 0, unknown a half, true 1; and the smallest."""
    if isinstance(rule, Comparison):
        return level(table[rule])
    if isinstance(rule, Not):
        return 1 - by_levels(rule.of, table)
    found = [by_levels(part, table) for part in rule.parts]
    return min(found) if isinstance(rule, And) else max(found)


def test_and_or_not_are_three_valued():
    names = [f"price.ret@{w} > 0" for w in ("5m", "15m", "1h")]
    a, b, c = names
    shapes = [f"{a} and {b}", f"{a} or {b}", f"not {a}", f"not ({a} and not {b}) or {c}",
              f"({a} or {b}) and ({b} or {c}) and not {c}"]  # fmt: skip
    for shape, given_values in itertools.product(
        shapes, itertools.product([True, False, None], repeat=3)
    ):
        rule = read(shape)
        value = dict(zip(names, given_values, strict=True))
        number = {True: 1.0, False: -1.0, None: None}
        found = truth(rule, lambda term, v=value, n=number: n[v[f"{term} > 0"]])
        table = {read(name): v for name, v in value.items()}
        assert level(found) == by_levels(rule, table), (shape, given_values)


@given(st.sampled_from(OPS), st.sampled_from([None, float("nan")]))
def test_a_comparison_with_null_is_unknown_whichever_the_sign(sign, null):
    assert truth(read(f"{RET} {sign} 0"), lambda _: null) is None
    assert truth(read(f"0 {sign} {RET}"), lambda _: null) is None


@pytest.mark.parametrize("value", [-1.0, 0.0, 1.0])
def test_every_sign_at_under_and_over(value):
    expected = {"<": value < 0, "<=": value <= 0, ">": value > 0, ">=": value >= 0,
                "==": value == 0, "!=": value != 0}  # fmt: skip
    for sign, wanted in expected.items():
        assert truth(read(f"{RET} {sign} 0"), lambda _: value) is wanted


def test_readings_compare_by_word_and_by_order():
    for severity, wanted in zip(
        ("none", "watch", "elevated", "extreme"), (False, False, True, True), strict=True
    ):
        rule = read("price_oi@45m.severity >= elevated")
        assert truth(rule, lambda _, s=severity: s) is wanted
    assert truth(read("price_oi@45m == balanced"), lambda _: "balanced") is True
    assert truth(read("price_oi@45m != balanced"), lambda _: "balanced") is False
    assert truth(read("price_oi@45m != balanced"), lambda _: "cannot_tell") is None
    assert truth(read("not price_oi@45m == balanced"), lambda _: None) is None
