"""Cost of tuning each optimizer, and changes of its search space: numbers, and sentences about them."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from nnbench.core.formatting import count, listing, significant
from nnbench.records.study import Study


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Tuning budget of one optimizer.

    Attributes:
        optimizer: its label.
        configs: number of configurations from which a search chose the setting; the most where searches differ.
        searches: number of independent searches.
        tried: number of its settings that the study has run on seeds other than the final ones; at least `configs`.
        spaces: number of different spaces that were searched; None if that was not recorded.
        moved: hyperparameters whose bounds were changed, each with the first and the present bounds.
        uses: how often the seeds of the final runs have been used; None if unknown.
    """

    optimizer: str
    configs: int
    tried: int
    spaces: int | None
    moved: tuple[tuple[str, tuple[float, float], tuple[float, float]], ...]
    uses: int | None
    searches: int = 1


def budgets(study: Study) -> list[Budget]:
    """The budget of each optimizer that was tuned, in the order of the selection."""
    selection, tuning = study.selection, study.tuning
    if selection.empty:
        return []
    tried = tuning.groupby("optimizer")["setting"].nunique() if len(tuning) else pd.Series(dtype=int)
    return [
        Budget(
            optimizer=str(optimizer),
            configs=(configs := int(rows["configs"].max())),
            tried=max(configs, _number(rows, "tried") or 0, int(tried.get(optimizer, 0))),
            searches=rows["search"].nunique() if "search" in rows else 1,
            spaces=_number(rows, "spaces"),
            moved=tuple(_moved(rows)),
            uses=_number(rows, "uses"),
        )
        for optimizer, rows in selection.groupby("optimizer", sort=False)
    ]


def uses(all_budgets: Sequence[Budget]) -> int | None:
    """The largest number of uses of the final seeds; None if it is unknown for any optimizer."""
    known = [budget.uses for budget in all_budgets if budget.uses is not None]
    return max(known) if known and len(known) == len(all_budgets) else None


def describe_cost(all_budgets: Sequence[Budget]) -> str:
    """`32 configurations of each optimizer`, with the number of searches; where they differ, the number of each."""
    numbers = {(budget.tried, budget.searches) for budget in all_budgets}
    if len(numbers) == 1:
        tried_by_each, searches = numbers.pop()
        by = f", in {searches} independent searches" if searches > 1 else ""
        return f"{count(tried_by_each, 'configuration')} of {'each' if len(all_budgets) > 1 else 'the one'} optimizer{by}"
    tried = listing(
        [
            f"{budget.tried} of {budget.optimizer}{f' in {budget.searches} searches' if budget.searches > 1 else ''}"
            for budget in all_budgets
        ]
    )
    return f"unequal numbers of configurations: {tried}"


def describe_spaces(all_budgets: Sequence[Budget]) -> str:
    """State whether the spaces were declared before anything ran, and how they were changed since."""
    phrases = []
    if first := [budget.optimizer for budget in all_budgets if budget.spaces == 1]:
        of = "" if len(first) == len(all_budgets) else f" (of {listing(first)})"
        phrases.append(f"from {'a space' if len(first) == 1 else 'spaces'} declared before anything ran{of}")
    for budget in all_budgets:
        if budget.spaces is not None and budget.spaces > 1:
            times = "once" if budget.spaces == 2 else f"{budget.spaces - 1} times"
            moved = "".join(f", {key} from {_bounds(old)} to {_bounds(new)}" for key, old, new in budget.moved)
            phrases.append(f"the space of {budget.optimizer} was declared anew {times} after results had been seen{moved}")
    if unknown := [budget.optimizer for budget in all_budgets if budget.spaces is None]:
        phrases.append(f"whether the space of {listing(unknown)} was declared before anything ran was not recorded")
    return "; ".join(phrases)


def ordinal(number: int) -> str:
    """`second`, `third`, `4th`."""
    words = {1: "first", 2: "second", 3: "third"}
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return words.get(number) or f"{number}{ending}"


def _moved(rows: pd.DataFrame) -> list[tuple[str, tuple[float, float], tuple[float, float]]]:
    columns = ["hyperparameter", "declared_low", "declared_high", "low", "high"]
    if not set(columns) <= set(rows):
        return []
    found = [
        (str(key), (float(old_low), float(old_high)), (float(low), float(high)))
        for key, old_low, old_high, low, high in rows.dropna(subset=columns)[columns].itertuples(index=False)
        if (old_low, old_high) != (low, high)
    ]
    return list(dict.fromkeys(found))  # searches may have moved the same bounds


def _number(rows: pd.DataFrame, column: str) -> int | None:
    return int(rows[column].iloc[0]) if column in rows and pd.notna(rows[column].iloc[0]) else None


def _bounds(bounds: tuple[float, float]) -> str:
    return f"[{significant(bounds[0])}, {significant(bounds[1])}]"
