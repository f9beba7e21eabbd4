"""Shortening of names so that they stay different."""

from collections.abc import Callable, Sequence


def longest(words: Sequence[str]) -> str:
    """The longest of the words; empty if there is none."""
    return max(words, key=len, default="")


def short(names: Sequence[str], fits: Callable[[str], bool]) -> list[str]:
    """Shorten names until they fit, in one form if possible; different names stay different.

    Left out in this order: words that all names of several words have in common, the sections of keys (`dataset.noise=0.2`
    becomes `noise=0.2`), the keys, and letters in the middle. Tables and CSV files have the full names.

    Args:
        names: shown together.
        fits: whether there is room for a name.
    """
    if all(map(fits, names)):
        return list(names)
    split = [name.split() for name in names]
    others = [words[1:] for words in split if len(words) > 1]
    common = set(others[0]).intersection(*others) if others and len(set(names)) > 1 else set()
    distinct = [[*words[:1], *(word for word in words[1:] if word not in common)] for words in split]
    tried = [
        list(map(" ".join, distinct)),
        [without_sections(" ".join(words)) for words in distinct],
        [" ".join(word.rpartition("=")[2] for word in words) for words in distinct],
    ]
    tried = [level for level in tried if len(set(level)) == len(set(names))] or [list(names)]
    if (level := next((level for level in tried if all(map(fits, level))), None)) is not None:
        return _apart(names, level, fits)  # all in one form, also those that would fit in a longer one
    result = [
        next((one for one in (name, *shorter) if fits(one)), cut(shorter[-1], fits))
        for name, *shorter in zip(names, *tried, strict=True)
    ]
    return _apart(names, result, fits)


def without_sections(name: str) -> str:
    """A setting's name without the sections of its keys: `adam noise=0.2` for `adam dataset.noise=0.2`."""
    words = (word.partition("=") for word in name.split())
    return " ".join(f"{key.rpartition('.')[2] if equals else key}{equals}{value}" for key, equals, value in words)


def cut(name: str, fits: Callable[[str], bool], after: str = "") -> str:
    """Leave out letters in the middle of a name until it fits with the text `after` it."""
    kept = len(name)
    short = name + after
    while not fits(short) and kept > 2:
        kept -= 1
        short = f"{name[: (kept + 1) // 2]}…{name[-(kept // 2) :]}{after}"
    return short


def _apart(names: Sequence[str], shown: list[str], fits: Callable[[str], bool]) -> list[str]:
    """Number names that were shortened to the same text."""
    pairs = dict.fromkeys(zip(names, shown, strict=True))
    numbered: dict[str, str] = {}
    for name, one in pairs:
        same = [other for other, cut in pairs if cut == one]
        numbered[name] = one if len(same) == 1 else cut(name, fits, f" ({same.index(name) + 1})")
    return [numbered[name] for name in names]
