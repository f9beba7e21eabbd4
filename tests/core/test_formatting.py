import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnbench.core import formatting as numbers

NAN = float("nan")


@pytest.mark.parametrize(
    ("estimate", "low", "high", "printed"),
    [
        (0.9412, 0.9361, 0.9472, "0.941 [0.936, 0.947]"),
        (0.78123, 0.71, 0.81, "0.78 [0.71, 0.81]"),
        (0.2678, 0.2012, 0.3499, "0.27 [0.20, 0.35]"),
        (0.087, 0.0748, 0.1062, "0.087 [0.075, 0.106]"),
        (1234.5, 1100.0, 1400.0, "1234 [1100, 1400]"),
        (0.5, 0.5, 0.5, "0.500 [0.500, 0.500]"),
        (0.000148, 0.000131, 0.00105, "1.5·10⁻⁴ [1.3·10⁻⁴, 0.0010]"),
        (0.925, NAN, NAN, "0.925"),
        (NAN, NAN, NAN, "–"),
    ],
)
def test_digits_follow_the_interval(estimate: float, low: float, high: float, printed: str) -> None:
    assert numbers.interval(estimate, low, high) == printed


@given(st.floats(-100, 100), st.floats(2e-3, 100))
def test_rounding_hides_little_of_an_interval(low: float, spread: float) -> None:
    places = numbers.decimals(low, low + spread)
    assert 0.5 * 10.0**-places <= 0.15 * (spread / 2) or places == numbers.MAX_DECIMALS
    assert 10.0**-places > 0.01 * spread / 2  # and shows no digit that means nothing


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        (0.0, "0.000"),
        (2.5e9, "2.5·10⁹"),
        (-0.5, "−0.500"),
        (-1.13e34, "−1.1·10³⁴"),
        (3.2e-7, "3.2·10⁻⁷"),
        (math.inf, "–"),
        (NAN, "–"),
        (0.00005, "0.000"),
        (-0.0002, "0.000"),
    ],
)
def test_fixed(value: float, printed: str) -> None:
    assert numbers.fixed(value) == printed


@pytest.mark.parametrize(
    ("seconds", "printed"),
    [
        (0.00032, "< 1 ms"),
        (0.0042, "4 ms"),
        (0.00994, "10 ms"),
        (0.00996, "0.01 s"),
        (0.512, "0.51 s"),
        (12.34, "12.3 s"),
        (99.94, "99.9 s"),
        (99.97, "1 min 40 s"),
        (250, "4 min 10 s"),
        (3599.4, "59 min 59 s"),
        (3599.6, "1 h"),
        (36_000, "10 h"),
        (36_180, "10 h 3 min"),
        (86_399, "1 d"),
        (190_080, "2 d 5 h"),
        (NAN, "–"),
    ],
)
def test_duration(seconds: float, printed: str) -> None:
    assert numbers.duration(seconds) == printed


def test_a_target_never_reached_is_infinite() -> None:
    assert numbers.epochs(1230.0, 500, 10_000) == "1,230"
    assert numbers.epochs(math.inf, 500, 500) == "∞ (500)"
    assert numbers.epochs(math.inf, 500, 10_000) == "∞ (500 to 10,000)"
    assert numbers.epochs(math.inf, math.nan, math.nan) == "∞"


@pytest.mark.parametrize(
    ("value", "printed"), [(0.05, "0.05"), (20.0, "20"), (1e-5, "10⁻⁵"), (2e-7, "2·10⁻⁷"), (1e6, "10⁶"), (0.001, "0.001")]
)
def test_ticks_of_a_log_axis(value: float, printed: str) -> None:
    assert numbers.tick(value) == printed


def test_words() -> None:
    assert [numbers.count(n, "run") for n in (0, 1, 1200)] == ["0 runs", "1 run", "1,200 runs"]
    assert [numbers.listing(list(words)) for words in ("", "a", "ab", "abc")] == ["", "a", "a and b", "a, b and c"]


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (0.05, "0.05"),
        (1.46, "1.46"),
        (1.6289e-5, "1.63·10⁻⁵"),
        (1e-7, "10⁻⁷"),
        (-0.1, "−0.1"),
        (12345.0, "12345"),
        (999.6, "1000"),
        (0.0, "0"),
    ],
)
def test_significant(value: float, told: str) -> None:
    assert numbers.significant(value) == told


@pytest.mark.parametrize(("value", "told"), [(2.0, "2.00"), (1.7, "1.70"), (0.112, "0.112"), (45.0, "45.0"), (120.0, "120")])
def test_significant_digits_with_the_zeros_at_the_end(value: float, told: str) -> None:
    assert numbers.significant(value, zeros=True) == told


@pytest.mark.parametrize(
    ("p", "told"), [(0.0004, "< 0.001"), (0.0234, "0.023"), (0.21, "0.21"), (1.0, "1.00"), (float("nan"), "–")]
)
def test_p_value(p: float, told: str) -> None:
    assert numbers.p_value(p) == told


def test_parts_have_the_digits_of_the_interval() -> None:
    assert numbers.estimate_and_bounds(0.80423, 0.787, 0.823) == ("0.804", "[0.787, 0.823]")
    assert numbers.estimate_and_bounds(0.5, float("nan"), float("nan")) == ("0.500", "")


def test_a_value_below_one_half_is_not_told_as_zero() -> None:
    assert numbers.estimate_and_bounds(0.03, 1e-6, 102.0) == ("0.03", "[10⁻⁶, 102]")
    assert numbers.fixed(0, 0) == "0"
    assert numbers.fixed(-0.4, 0) == "−0.4"
