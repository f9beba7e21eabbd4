"""What the tuning of each optimizer has cost, and whether it may be called fair: numbers, and the sentences on them."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from nnbench.core.formatting import count, listing, significant
from nnbench.records.study import Study


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Of one optimizer.

    Attributes:
        optimizer: its label.
        configs: how many the choice was among.
        tried: how many settings of it the study has run in all, but for those on final seeds; at least `configs`.
        spaces: how many different spaces they were looked for in; None where that was not noted.
        moved: the hyperparameters whose bounds are not those first declared, with these and the present ones.
        uses: which use of their seeds the final runs are; None where that is not known.
    """

    optimizer: str
    configs: int
    tried: int
    spaces: int | None
    moved: tuple[tuple[str, tuple[float, float], tuple[float, float]], ...]
    uses: int | None


def budgets(study: Study) -> list[Budget]:
    """One for each optimizer that was tuned, in the order of the selection."""
    selection, tuning = study.selection, study.tuning
    if selection.empty:
        return []
    tried = tuning.groupby("optimizer")["setting"].nunique() if len(tuning) else pd.Series(dtype=int)
    found = []
    for optimizer, own in selection.groupby("optimizer", sort=False):
        configs = int(own["configs"].iloc[0])
        found.append(
            Budget(
                optimizer=str(optimizer),
                configs=configs,
                tried=max(configs, _known(own, "tried") or 0, int(tried.get(optimizer, 0))),
                spaces=_known(own, "spaces"),
                moved=tuple(_moved(own)),
                uses=_known(own, "uses"),
            )
        )
    return found


def uses(found: Sequence[Budget]) -> int | None:
    """Which use of their seeds the final runs are, of the optimizer whose seeds were used most; None where it is not known."""
    known = [one.uses for one in found if one.uses is not None]
    return max(known) if known and len(known) == len(found) else None


def spent(found: Sequence[Budget]) -> str:
    """`32 configurations of each optimizer`; where they differ, how many of each."""
    numbers = {one.tried for one in found}
    if len(numbers) == 1:
        return f"{count(numbers.pop(), 'configuration')} of {'each' if len(found) > 1 else 'the one'} optimizer"
    return f"unequal numbers of configurations: {listing([f'{one.tried} of {one.optimizer}' for one in found])}"


def spaces(found: Sequence[Budget]) -> str:
    """Whether the spaces were declared before anything ran, and how they were changed since."""
    told = []
    if first := [one.optimizer for one in found if one.spaces == 1]:
        whose = "" if len(first) == len(found) else f" (of {listing(first)})"
        told.append(f"from {'a space' if len(first) == 1 else 'spaces'} declared before anything ran{whose}")
    for one in found:
        if one.spaces is not None and one.spaces > 1:
            times = "once" if one.spaces == 2 else f"{one.spaces - 1} times"
            moved = "".join(f", {key} from {_bounds(old)} to {_bounds(new)}" for key, old, new in one.moved)
            told.append(f"the space of {one.optimizer} was declared anew {times} after results had been seen{moved}")
    if unknown := [one.optimizer for one in found if one.spaces is None]:
        told.append(f"whether the space of {listing(unknown)} was declared before anything ran was not noted")
    return "; ".join(told)


def ordinal(number: int) -> str:
    """`second`, `third`, `4th`."""
    words = {1: "first", 2: "second", 3: "third"}
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return words.get(number) or f"{number}{ending}"


def _moved(own: pd.DataFrame) -> list[tuple[str, tuple[float, float], tuple[float, float]]]:
    columns = ["hyperparameter", "declared_low", "declared_high", "low", "high"]
    if not set(columns) <= set(own):
        return []
    known = own.dropna(subset=columns)
    return [
        (str(key), (float(old_low), float(old_high)), (float(low), float(high)))
        for key, old_low, old_high, low, high in known[columns].itertuples(index=False)
        if (old_low, old_high) != (low, high)
    ]


def _known(own: pd.DataFrame, column: str) -> int | None:
    return int(own[column].iloc[0]) if column in own and pd.notna(own[column].iloc[0]) else None


def _bounds(bounds: tuple[float, float]) -> str:
    return f"[{significant(bounds[0])}, {significant(bounds[1])}]"
