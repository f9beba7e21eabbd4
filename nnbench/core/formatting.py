"""Formatting of numbers, with the decimals that their interval justifies."""

import math

from nnbench.core.constraints import MINIMUM_RUNS

MISSING = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
MAX_DECIMALS = 4  # decimals
_LARGE = 1e6  # from here on, a number is printed in powers of ten: a cross-entropy has no upper bound
INTERVAL = f"nominal 95 % interval (percentile bootstrap, from {MINIMUM_RUNS} runs on)"


def decimals(low: float, high: float) -> int:
    """Return the decimals that an interval justifies: one digit of its half-width, two if that begins with 1 to 3.5.

    Rounding rule of the Particle Data Group (Review of Particle Physics, introduction); 3 without an interval.
    """
    half = (high - low) / 2
    if not (math.isfinite(half) and half > 0):
        return 3
    power = math.floor(math.log10(half))
    return min(MAX_DECIMALS, max(0, (half < 3.55 * 10.0**power) - power))


def fixed(value: float, places: int = 3) -> str:
    """Format a number with `places` decimals, or in powers of ten if it is very small or large; NaN is a dash.

    A value below one half is not rounded to a whole number: with a skewed interval, `0 [0, 102]`, it would be told as zero.
    """
    if not math.isfinite(value):
        return MISSING
    if places == 0 and 0 < abs(value) < 0.5:
        return significant(value, 1)
    least = 10.0 if places >= MAX_DECIMALS else 0.5  # with most decimals, a value of one digit would lose the others
    small = value != 0 and abs(value) < least * 10.0**-MAX_DECIMALS
    powers = small or abs(value) >= _LARGE
    return significant(value, 2) if powers else f"{value:z.{places}f}".replace("-", MINUS)  # z: no negative zero


def bounds(low: float, high: float) -> str:
    """Format bounds as `[0.936, 0.947]`; empty without an interval."""
    if math.isnan(low) or math.isnan(high):
        return ""
    places = decimals(low, high)
    return f"[{fixed(low, places)}, {fixed(high, places)}]"


def interval(estimate: float, low: float, high: float) -> str:
    """Format as `0.941 [0.936, 0.947]`; the estimate alone without an interval."""
    return f"{fixed(estimate, decimals(low, high))} {bounds(low, high)}".rstrip()


def estimate_and_bounds(estimate: float, low: float, high: float) -> tuple[str, str]:
    """Format an estimate and its bounds as two texts, for two columns."""
    return fixed(estimate, decimals(low, high)), bounds(low, high)


def duration(seconds: float) -> str:
    """Format a duration in its two largest units: `4 ms`, `0.51 s`, `12.0 s`, `4 min 10 s`, `10 h 3 min`, `2 d 4 h`."""
    # Not by humanize, which has no symbols of units, and leaves the fractions of a second to its caller.
    if not math.isfinite(seconds):
        return MISSING
    if 0 < seconds < 0.00995:
        return f"{1000 * seconds:.0f} ms" if seconds >= 0.001 else "< 1 ms"
    if seconds < 99.95:
        return f"{seconds:.{1 if seconds >= 9.995 else 2}f} s"
    if round(seconds) < 3600:
        return _two_units(round(seconds), 60, "min", "s")
    if round(seconds / 60) < 24 * 60:
        return _two_units(round(seconds / 60), 60, "h", "min")
    return _two_units(round(seconds / 3600), 24, "d", "h")


def _two_units(number: int, ratio: int, large: str, small: str) -> str:
    """Format a number of small units, `ratio` of which make a large one."""
    whole, rest = divmod(number, ratio)
    return f"{whole:,} {large}" + (f" {rest} {small}" if rest else "")


def epochs(value: float, least: float, most: float) -> str:
    """Format an epoch: `1,230`, or `∞ (500)` or `∞ (500 to 10,000)` if not reached.

    Args:
        value: the epoch; infinite if it was not reached.
        least, most: range of the epochs that were trained without reaching it; NaN if unknown.
    """
    if math.isfinite(value):
        return f"{value:,.0f}"
    if math.isnan(least):
        return "∞"
    return f"∞ ({least:,.0f})" if least == most else f"∞ ({least:,.0f} to {most:,.0f})"


def rank(value: float) -> str:
    """Format a rank: `3`; a dash for NaN."""
    return f"{value:.0f}" if math.isfinite(value) else MISSING


def count(number: int, noun: str) -> str:
    """Format a number with its noun: `1 run`, `12 runs`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def capitalized(text: str) -> str:
    """Return a text with its first letter in upper case, and the others as they are: `Test R²`."""
    return text[:1].upper() + text[1:]


def percent(share: float) -> str:
    """Format a share in whole per cent: `75 %`."""
    return f"{share:.0%}".replace("%", " %")


def listing(items: list[str]) -> str:
    """Join items: `a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)


def tick(value: float) -> str:
    """Format a tick label of a logarithmic axis: `0.05`, `20`, `10⁻⁵`."""
    if 1e-3 <= value < 1e5:
        return f"{value:g}"
    power = math.floor(math.log10(value) + 1e-9)
    lead = round(value / 10.0**power)
    return f"{'' if lead == 1 else f'{lead}·'}10{power_of_ten(power)}"


def p_value(p: float) -> str:
    """Format a p-value: `0.034`, `0.21`, `< 0.001`; a dash for NaN."""
    if not math.isfinite(p):
        return MISSING
    return "< 0.001" if p < 0.001 else f"{p:.{3 if p < 0.1 else 2}f}"


def significant(value: float, digits: int = 3, *, zeros: bool = False) -> str:
    """Format with so many significant digits: `0.0234`, or `1.63·10⁻⁵` if very small or large; `zeros`: `1.70`."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else MISSING
    if 1e-3 <= abs(value) < 1e5:
        rounded = float(f"{value:.{digits}g}")
        if abs(rounded) >= 10**digits:
            return f"{value:.0f}".replace("-", MINUS)
        return f"{rounded:{'#' if zeros else ''}.{digits}g}".rstrip(".").replace("-", MINUS)
    lead, power = f"{value:.{digits - 1}e}".split("e")
    lead = lead.rstrip("0").rstrip(".") if "." in lead else lead
    ten = f"10{power_of_ten(int(power))}"
    return (ten if lead == "1" else f"{lead}·{ten}").replace("-", MINUS)


def power_of_ten(power: int) -> str:
    """Format an exponent in superscript: `⁻⁵`."""
    return str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
