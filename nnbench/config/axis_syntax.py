"""Axes of a sweep that Hydra's grammar does not have, rewritten in its terms: `geom(...)` and `zip(...)=...`."""

import re
from collections.abc import Iterator
from math import inf

from nnbench.core.errors import UserError

ZIP = "zip"  # key of the config that holds the settings of a zipped axis, a list of mappings of dotted keys
DIGITS = 3  # significant, of the values between the ends; more where two would be equal
MOST = 10_000
_GEOM = re.compile(r"\s*geom\((.*)\)\s*")
_ZIP = re.compile(r"\+{0,2}zip\(([^()]*)\)=(.*)", re.DOTALL)
_PAIRS = {"(": ")", "[": "]", "{": "}"}


def rewritten(argument: str) -> str:
    """Return an argument of the command line in Hydra's syntax; one without these functions as it is.

    `KEY=geom(1e-4,1e-1,7)` lists seven values of equal ratios; `zip(A,B)=(1,2),(3,4)` sets `A=1 B=2` in some runs and
    `A=3 B=4` in the others.

    Raises:
        UserError: the arguments of a function are not valid.
    """
    if found := _ZIP.fullmatch(argument):
        return f"++{ZIP}=[{','.join(_settings(argument, found[1], found[2]))}]"
    key, sign, value = argument.partition("=")
    return key + sign + expand_geom(value, argument) if sign else argument


def expand_geom(value: str, given: str = "") -> str:
    """Return the list of values of `geom(START,STOP,NUMBER)`, the ends as they are written; another value as it is.

    Args:
        value: of an axis.
        given: for messages; by default the value.

    Raises:
        UserError: an end is not a positive number, or the number is not a whole one of at least 2.
    """
    if (found := _GEOM.fullmatch(value)) is None:
        return value
    parts = [part.strip() for part in found[1].split(",")]
    try:
        first, last, number = *(float(part) for part in parts[:2]), int("".join(parts[2:]))
        valid = len(parts) == 3 and 0 < first < inf and 0 < last < inf and first != last and 2 <= number <= MOST
    except ValueError:
        valid = False
    if not valid:
        raise UserError(
            f"{given or value}: must be geom(START,STOP,NUMBER), two different numbers > 0 and a whole one from 2 to {MOST:,}"
        )
    ratio = last / first
    for digits in range(DIGITS, 18):
        inner = [f"{first * ratio ** (k / (number - 1)):.{digits}g}" for k in range(1, number - 1)]
        values = [float(text) for text in (parts[0], *inner, parts[1])]
        if len(set(values)) == number:
            break
    return ",".join([parts[0], *inner, parts[1]])


def _settings(argument: str, keys: str, values: str) -> Iterator[str]:
    """Yield each setting of a zipped axis as a mapping in Hydra's syntax."""
    names = [name.strip() for name in keys.split(",")]
    if not all(re.fullmatch(r"[\w.]+", name, re.ASCII) for name in names) or len(set(names)) < len(names):
        raise UserError(f"{argument}: must have different keys in zip(...), separated by commas")
    for group in _split(values, argument):
        inside = _split(group[1:-1], argument) if group.startswith("(") and group.endswith(")") else []
        if len(inside) != len(names):
            raise UserError(f"{argument}: {group or 'nothing'} must be {len(names)} values in parentheses, one for each key")
        yield "{" + ",".join(f"{name}:{value}" for name, value in zip(names, inside, strict=True)) + "}"


def _split(text: str, argument: str) -> list[str]:
    """Split at the commas that are not within brackets or quotes."""
    parts, closing, quote = [""], "", ""
    for character in text:
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character in _PAIRS:
            closing += _PAIRS[character]
        elif closing and character == closing[-1]:
            closing = closing[:-1]
        elif character == "," and not closing:
            parts.append("")
            continue
        parts[-1] += character
    if closing or quote:
        raise UserError(f"{argument}: {(closing or quote)[-1]} is missing")
    return [part.strip() for part in parts]
