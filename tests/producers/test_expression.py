"""Formulas: what they give, and that they are nothing but formulas."""

import cmath
import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamson.errors import UsageError
from streamson.producers.formula.expression import MAX_CHARS, MAX_DEPTH, parse


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("t", 2.0),
        ("-t**2 + 3*t/4", -2.5),
        ("exp(1j*t)", cmath.exp(2j)),
        ("exp(i*pi)", -1),
        ("sqrt(-t)", 1j * math.sqrt(2)),
        ("siegelz(t + 12)", -0.106),
        ("zeta(t)", math.pi**2 / 6),
        ("besselj(0, t)", 0.22389077914123567),
        ("abs(3 - 4j)", 5),
        ("t % 1.5", 0.5),
        (" gamma(t + 1) ", 2),
    ],
)
def test_values(text, value):
    assert parse(text)(2.0) == pytest.approx(value, rel=1e-2 if "siegel" in text else 1e-13)


@pytest.mark.parametrize("text", ["1/(t-2)", "log(t-2)", "zeta(t-1)", "gamma(2-t)", "sin(t, t)"])
def test_where_there_is_no_value_it_is_missing(text):
    value = parse(text)(2.0)
    assert value is None or not cmath.isfinite(value)


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "t.__class__",
        "(lambda: 1)()",
        "[t for t in (1, 2)]",
        "quad(sin, [0, 1])",
        "open('x')",
        "'a' * 10",
        "True",
        "t if t else 1",
        "t; t",
        "print(t)",
        "mpf('1e5')",
        "eval(t)",
        "sin(x=t)",
        "sin(*t)",
        "",
        "t +",
        "\0",
        "é",
        "timing(sin)",
    ],
)
def test_what_is_no_formula_is_refused(text):
    with pytest.raises(UsageError, match="expression"):
        parse(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1 + zeeta(t)", r"character 5: found 'zeeta\(t\)'; did you mean \"zeta\""),
        ("tt * 2", "character 1: found 'tt'"),
        ("t" * (MAX_CHARS + 1), f"at most {MAX_CHARS}"),
        ("-" * 200 + "t", f"deeper than {MAX_DEPTH}"),
        ("(" * 300 + "t" + ")" * 300, "not a formula"),
    ],
)
def test_mistakes_are_placed_and_the_nearest_name_is_given(text, words):
    with pytest.raises(UsageError, match=words):
        parse(text)


@pytest.mark.parametrize("text", ["10**10**10", "9**9**9**9", "factorial(10**9)", "2**(10**8) % 7"])
def test_large_powers_do_not_eat_the_machine(text):
    began = time.monotonic()
    parse(text)(1.0)
    assert time.monotonic() - began < 5


@given(st.text("t0123456789+-*/()., jsinexp", max_size=40))
def test_any_text_is_a_formula_or_is_refused(text):
    try:
        parsed = parse(text)
    except UsageError as error:
        parsed = str(error)
    assert parsed
