"""The effect of a change as sentences, which claim only what the tests show."""

from collections.abc import Sequence

import pandas as pd

from nnbench.core.formatting import capitalized, count, listing
from nnbench.records.measure import Measure
from nnbench.report.comparison.change import Change, diverged
from nnbench.report.comparison.pairing import Versus
from nnbench.report.sentences.caveats import one_task
from nnbench.report.sentences.wording import short_name

_DATA = ("dataset.", "network.", "draws.")  # with a change of these, runs of one seed start differently


def answer(versus: Versus, by: Measure) -> str:
    """State the change in a measure with interval and n, as far as the tests show it."""
    changes, way = versus.changes(by), f"from {versus.names[0]} to {versus.names[1]}"
    most = max(changes, key=lambda change: change.n)
    if most.n < versus.needed:
        return (
            f"{count(most.n, 'seed').capitalize()} in common cannot show a change in {by.name} {way} of "
            f"{count(len(changes), 'setting')}, {versus.needed} or more are needed: so far "
            f"{short_name(most.setting)} differs by {most.description}."
        )
    if not any(change.differ for change in changes):
        of = short_name(most.setting) if len(changes) == 1 else f"any of {len(changes)} settings"
        lost = f"; {diverged(changes)}" if diverged(changes) else ""
        value = f": {most.description_with_n}" if len(changes) == 1 else f" (n = {_seeds(changes)}{lost})"
        return f"No change in {by.name} is shown {way} for {of}{value}."
    verbs = " and ".join(filter(None, (_moved(changes, sign) for sign in (1, -1))))
    unchanged = [change for change in changes if not change.differ]
    others = listing([_name(change) for change in unchanged]) if len(unchanged) <= 3 else _many(unchanged, "other settings")
    return f"{way[0].upper()}{way[1:]}, {by.name} {verbs}{f'; no change is shown for {others}' if unchanged else ''}."


def _seeds(changes: Sequence[Change]) -> str:
    """`10`, `8 to 10`."""
    least, most = (choose(change.n for change in changes) for choose in (min, max))
    return str(most) if least == most else f"{least} to {most}"


def _moved(changes: Sequence[Change], sign: int) -> str:
    """Name the settings with a significant rise, or fall."""
    moved = [change for change in changes if change.differ and change.sign == sign]
    if not moved:
        return ""
    shown = moved if len(moved) <= 3 else moved[:2]
    phrase = [f"{short_name(change.setting)} ({change.description_with_n})" for change in shown]
    more = [_many(moved[len(shown) :], "others")] if len(moved) > len(shown) else []
    return f"{'rises' if sign > 0 else 'falls'} for {listing([*phrase, *more])}"


def headline(versus: Versus, by: Measure) -> str:
    """State the change in a page title."""
    changes = versus.changes(by)
    most = max(change.n for change in changes)
    lost = f" ({diverged(changes)})" if diverged(changes) else ""
    if most < versus.needed:
        return f"{count(most, 'seed').capitalize()} in common cannot show a change in {by.name}{lost}"
    sides = {side: [change for change in changes if change.better == side] for side in (1, -1, 0)}
    if not sides[1] and not sides[-1]:
        return f"No change in {by.name} is shown{lost}"
    phrase = {side: _of(group, len(changes)) for side, group in sides.items()}
    parts = [f"{word} for {phrase[side]}" for word, side in (("better", 1), ("worse", -1)) if sides[side]]
    unchanged = f", not shown to change for {phrase[0]}" if sides[0] else ""
    return f"{capitalized(by.name)} is {' and '.join(parts)}{unchanged}"


def _of(changes: Sequence[Change], every: int) -> str:
    if len(changes) == every > 1:
        return f"all {_many(changes, 'settings')}"
    return listing([_name(change) for change in changes]) if len(changes) <= 2 else _many(changes, "settings")


def _name(change: Change) -> str:
    """The name of a setting with its number of diverged runs."""
    lost = diverged([change])
    return f"{short_name(change.setting)} ({lost})" if lost else short_name(change.setting)


def _many(changes: Sequence[Change], noun: str) -> str:
    """The number of settings with that of their diverged runs."""
    lost = diverged(changes)
    return f"{len(changes)} {noun}{f' ({lost})' if lost else ''}"


def caveats(versus: Versus) -> list[str]:
    """Limitations of the answer, computed from the runs."""
    sentences = [_cause(versus), one_task(pd.concat([versus.before.runs, versus.after.runs]))]
    if changed_keys := [key for key in versus.configured if key.startswith(_DATA)]:
        verb = "differs" if len(changed_keys) == 1 else "differ"
        sentences.append(f"Since {listing(changed_keys[:3])} {verb}, the two runs of a seed start differently.")
    changes = versus.changes(versus.primary)
    if versus.needed <= min(change.n for change in changes) < 10:
        sentences.append(
            f"{_seeds(changes)} seeds per setting: with fewer than 10 the intervals come out too narrow, and small changes "
            "are not detected."
        )
    sentences += _lost(versus)
    for study, names in versus.alone.items():
        if names:
            phrase = f"{listing([short_name(name) for name in names[:3]])}{' and others' if len(names) > 3 else ''}"
            verb = "has" if len(names) == 1 else "have"
            sentences.append(
                f"{count(len(names), 'setting')} of {short_name(study)} {verb} no match in the other study: {phrase}."
            )
    return sentences


def _cause(versus: Versus) -> str:
    """State the possible causes of a change."""
    keys, code = versus.configured, versus.code
    if not keys:
        nothing = "Nothing that was configured differs between the two"
        if code.differ:
            verb = "has" if len(code.differ) == 1 else "have"
            return f"{nothing}, but the code does: {_names(code.differ)} {verb} changed.{_besides(versus)}"
        if code.unknown:
            return f"{nothing}; whether the code does is not known ({_names(code.unknown)}).{_besides(versus)}"
        same = "Neither what was configured nor the code that decides the numbers differs between the two"
        return f"{same}.{_besides(versus)}" if versus.environment else f"{same}: nothing that is recorded differs."
    phrase = listing(keys if len(keys) <= 4 else [*keys[:3], f"{len(keys) - 3} more"])
    words = f"Between the two, {phrase} {'differs' if len(keys) == 1 else 'differ'}"
    together = "" if len(keys) == 1 else " together: their effects cannot be separated"
    also = f" So does the code, of {_names(code.differ)}." if code.differ else ""
    also = also or (f" Whether the code does is not known ({_names(code.unknown)})." if code.unknown else "")
    return f"{words}{together}.{also}{_besides(versus)}"


def machine(versus: Versus) -> list[str]:
    """Recorded properties that differ besides the configuration; those of the version only if the code is the same."""
    return [one for one in versus.environment if versus.code.same or one not in ("commit", "uncommitted changes", "nnbench")]


def _besides(versus: Versus) -> str:
    phrase = machine(versus)
    return f" Of what else is recorded, {listing(phrase)} {'differs' if len(phrase) == 1 else 'differ'}." if phrase else ""


def _names(names: Sequence[str]) -> str:
    return listing(list(names) if len(names) <= 4 else [*names[:3], f"{len(names) - 3} more"])


def _lost(versus: Versus) -> list[str]:
    """State the settings with diverged runs, and how these are counted."""
    phrase = []
    for name in versus.matched:
        before, after = versus.lost(versus.before, name), versus.lost(versus.after, name)
        if before[0] or after[0]:
            phrase.append(f"{short_name(name)} {before[0]} of {before[1]} before and {after[0]} of {after[1]} after")
    if not phrase:
        return []
    more = " and others" if len(phrase) > 3 else ""
    return [
        f"Runs diverged ({'; '.join(phrase[:3])}{more}): the tests count them as worse than any other; the estimates are over "
        "the seeds that were completed in both."
    ]
