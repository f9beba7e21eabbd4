"""Numbers as they are printed: as many digits as the interval bears out, and no more."""

import math

from nnbench.core.constraints import MINIMUM_RUNS

MISSING = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
MAX_DECIMALS = 4  # decimals
_LARGE = 1e6  # from which on a number is told in powers of ten: a cross-entropy has no upper end
INTERVAL = f"nominal 95 % interval (percentile bootstrap, from {MINIMUM_RUNS} runs on)"


def decimals(low: float, high: float) -> int:
    """Decimals that an interval bears out: one digit of half its width, two where that begins with 1 to 3.5.

    The rule of the Particle Data Group (Review of Particle Physics, introduction); three where there is no interval.
    """
    half = (high - low) / 2
    if not (math.isfinite(half) and half > 0):
        return 3
    power = math.floor(math.log10(half))
    return min(MAX_DECIMALS, max(0, (half < 3.55 * 10.0**power) - power))


def fixed(value: float, places: int = 3) -> str:
    """A number with so many decimals; in powers of ten where these would hide it or it is very large; a dash for none."""
    if not math.isfinite(value):
        return MISSING
    small = value != 0 and abs(value) < 0.5 * 10.0**-MAX_DECIMALS
    powers = small or abs(value) >= _LARGE
    return f"{value:{'.1e' if powers else f'z.{places}f'}}".replace("-", MINUS)  # z: no zero with a minus


def bounds(low: float, high: float) -> str:
    """`[0.936, 0.947]`, or nothing where there is no interval."""
    if math.isnan(low) or math.isnan(high):
        return ""
    places = decimals(low, high)
    return f"[{fixed(low, places)}, {fixed(high, places)}]"


def interval(estimate: float, low: float, high: float) -> str:
    """`0.941 [0.936, 0.947]`; the estimate alone where there is no interval."""
    return f"{fixed(estimate, decimals(low, high))} {bounds(low, high)}".rstrip()


def estimate_and_bounds(estimate: float, low: float, high: float) -> tuple[str, str]:
    """An estimate and its bounds, as they stand in two columns."""
    return fixed(estimate, decimals(low, high)), bounds(low, high)


def duration(seconds: float) -> str:
    """`0.51 s`, `12.0 s`, `4 min 10 s`, `10 h 3 min`, `2 d 4 h`: the two largest units, rounded to the smaller."""
    if not math.isfinite(seconds):
        return MISSING
    if seconds < 99.95:
        return f"{seconds:.{1 if seconds >= 9.995 else 2}f} s"
    if round(seconds) < 3600:
        return _two_units(round(seconds), 60, "min", "s")
    if round(seconds / 60) < 24 * 60:
        return _two_units(round(seconds / 60), 60, "h", "min")
    return _two_units(round(seconds / 3600), 24, "d", "h")


def _two_units(number: int, many: int, large: str, small: str) -> str:
    """So many of a small unit, of which `many` make a large one."""
    whole, rest = divmod(number, many)
    return f"{whole:,} {large}" + (f" {rest} {small}" if rest else "")


def epochs(value: float, least: float, most: float) -> str:
    """`1,230`; `∞ (500)` or `∞ (500 to 10,000)` where it was not reached while watched for so long; `∞` where none was."""
    if math.isfinite(value):
        return f"{value:,.0f}"
    if math.isnan(least):
        return "∞"
    return f"∞ ({least:,.0f})" if least == most else f"∞ ({least:,.0f} to {most:,.0f})"


def count(number: int, noun: str) -> str:
    """`1 run`, `12 runs`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def listing(words: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def tick(value: float) -> str:
    """A number at a log axis: `0.05`, `20`, `10⁻⁵`."""
    if 1e-3 <= value < 1e5:
        return f"{value:g}"
    power = math.floor(math.log10(value) + 1e-9)
    lead = round(value / 10.0**power)
    return f"{'' if lead == 1 else f'{lead}·'}10{power_of_ten(power)}"


def p_value(p: float) -> str:
    """`0.034`, `0.21`, `< 0.001`; a dash where there was no test."""
    if not math.isfinite(p):
        return MISSING
    return "< 0.001" if p < 0.001 else f"{p:.{3 if p < 0.1 else 2}f}"


def significant(value: float, digits: int = 3) -> str:
    """`0.0234`, `1.63·10⁻⁵`: so many digits, in powers of ten where the number is very large or small."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else MISSING
    if 1e-3 <= abs(value) < 1e5:
        return f"{value:.{digits}g}".replace("-", MINUS) if abs(value) < 10**digits else f"{value:.0f}".replace("-", MINUS)
    lead, power = f"{value:.{digits - 1}e}".split("e")
    lead = lead.rstrip("0").rstrip(".") if "." in lead else lead
    ten = f"10{power_of_ten(int(power))}"
    return (ten if lead == "1" else f"{lead}·{ten}").replace("-", MINUS)


def power_of_ten(power: int) -> str:
    """`⁻⁵`."""
    return str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
