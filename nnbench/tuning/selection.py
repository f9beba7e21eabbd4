"""Selection of the best setting of an optimizer by its runs on validation points."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from nnbench.core import formatting as numbers
from nnbench.core.keys import RankBy
from nnbench.datasets.base import Loss
from nnbench.records.choices import BY_LOSS
from nnbench.records.declared import DEFAULT, RANK_BY, declared_by
from nnbench.records.history import History
from nnbench.records.kinds import KINDS, SCORES, score_curve
from nnbench.records.ranking import TRAIN_LOSS, FinalValidation, Score, criteria, final_validation, score
from nnbench.tuning.contender import Contender, Trial
from nnbench.tuning.effect import NEGLIGIBLE, effect
from nnbench.tuning.space import Range, Setting, Side, edges, widened

if TYPE_CHECKING:
    from nnbench.records.rows import Row


def result_in_store(row: "Row | None", rank_by: RankBy | None = None) -> FinalValidation:
    """Result of a run in the store by which its setting is judged; None where it has none or diverged.

    Args:
        row: the run.
        rank_by: see `ranking.criteria`; None for what the run was started with.
    """
    if row is None:
        return None
    metrics, own = row.metrics, declared_by(row.values.get(RANK_BY))
    value, loss = criteria(own if rank_by is None else rank_by, metrics)
    if value.startswith("final/train") and value != TRAIN_LOSS:
        return None  # without validation points
    return final_validation(row.tags.get("nnbench.outcome"), metrics.get(value), metrics.get(loss), value)


def result_in_history(history: History, rank_by: RankBy = DEFAULT) -> FinalValidation:
    """Result of a run that has just ended, by which its setting is judged; None where it diverged."""
    if history.outcome == "diverged":
        return None  # without rows, perhaps
    if rank_by == "train_loss":
        loss = float(history.train_loss[-1])
        return final_validation(history.outcome, loss, loss, TRAIN_LOSS)
    return final_validation(history.outcome, float(score_curve(history, "val")[-1]), float(history.val_loss[-1]))


def described(rank_by: RankBy, loss: Loss, score: float) -> str:
    """Describe the mean result of a setting, such as `validation accuracy 0.812` or `training loss 0.0123`.

    Args:
        rank_by: see `ranking.criteria`.
        loss: of the dataset.
        score: `Score.accuracy`.
    """
    if rank_by == "train_loss":
        return f"training loss {numbers.significant(-score)}"
    return f"validation {SCORES[KINDS[loss]][1]} {score:.3f}"


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """The best of the settings that a search tried.

    Attributes:
        contender: the search, with the space that the setting comes from.
        setting: the best one.
        score: its score.
        edges: the axes on whose edge it lies and beyond which the optimizer behaves differently.
        tried: number of settings that were tried.
    """

    contender: Contender
    setting: Setting
    score: Score
    edges: Mapping[str, Side]
    tried: int

    @property
    def measure(self) -> str:
        """Key of the curve by whose last point the setting was chosen, such as `val/accuracy`."""
        config = self.contender.default
        score, _ = SCORES[KINDS[config.dataset.instance.loss]]
        return BY_LOSS if config.report.rank_by == "train_loss" else f"val/{score}"

    @property
    def result(self) -> float:
        """Mean of that measure over the seeds."""
        return -self.score.accuracy if self.measure == BY_LOSS else self.score.accuracy

    @property
    def is_lost(self) -> bool:
        """Whether no run of any setting finished."""
        return self.score.lost == len(self.contender.seeds)


def print_choice(console: Console, choices: Sequence[Chosen], name: str, hint: str) -> None:
    """Print the settings that the searches of an optimizer on a task chose, and a warning for each edge of a space.

    Args:
        console: the terminal.
        choices: one for each search.
        name: what is printed first.
        hint: what can be done about an edge.
    """
    contender = choices[0].contender
    on = f" on {contender.on}" if contender.on else ""
    found = [one for one in choices if not one.is_lost]
    if not found:
        console.print(f"[yellow]{escape(name + on)}[/yellow]: no run of any of its configs finished", soft_wrap=True)
        return
    if len(choices) > 1:
        name, missing = f"{name}{on}, {len(choices)} searches", len(choices) - len(found)
        name += f" ({missing} without a finished run)" if missing else ""
    else:
        name += on
    settings = " or ".join(dict.fromkeys(as_text(one.setting) for one in found))
    console.print(f"{escape(f'{name}: {settings}')}; {_score(found)}", soft_wrap=True)
    sides = Counter((key, side) for one in found for key, side in one.edges.items())
    for (key, side), times in sides.items():
        value = next(one.setting[key] for one in found if one.edges.get(key) == side)
        of = f" in {times} of {len(choices)} searches" if len(choices) > 1 else ""
        where = escape(f"{contender.label}{on} {key}={value:g}")
        console.print(f"[yellow]on the edge[/yellow] {where} is the {side}est that was tried{of}: {hint}", soft_wrap=True)


def _score(found: Sequence[Chosen]) -> str:
    """The validation scores of some chosen settings of an optimizer: one, or the lowest and the highest."""
    contender = found[0].contender
    config = contender.default
    scores = sorted(one.score.accuracy for one in found)
    values = [described(config.report.rank_by, config.dataset.instance.loss, value) for value in (scores[0], scores[-1])]
    lost = sum(one.score.lost for one in found)
    seeds = numbers.count(len(contender.seeds), "seed")
    to = f" to {values[1].split()[-1]}" if values[1] != values[0] else ""
    return f"{values[0]}{to} over {seeds}{f', {lost} of them lost' if lost else ''}"


def choose(contender: Contender, trials: Sequence[Trial], runs: Mapping[str, "Row"]) -> Chosen:
    """Choose the setting with the best score, by the runs in the store; among equals the first.

    Args:
        contender: the search.
        trials: all that were run.
        runs: the FINISHED runs by identity.
    """
    rank_by = contender.default.report.rank_by
    scores = [score([result_in_store(runs.get(identity), rank_by) for identity in trial.identities]) for trial in trials]
    best = min(range(len(trials)), key=scores.__getitem__)
    setting = trials[best].setting
    return Chosen(
        contender=contender,
        setting=setting,
        score=scores[best],
        edges=_effective_edges(contender, setting, edges(contender.space, setting, contender.check)),
        tried=len(trials),
    )


def _effective_edges(contender: Contender, setting: Setting, sides: Mapping[str, Side]) -> dict[str, Side]:
    """The edges beyond which the optimizer behaves differently, as `effect` measures at the bound of the widened space.

    An edge of a key outside the optimizer's section always counts.
    """
    if not sides:
        return {}
    config = contender.default
    rule = type(config.optimizer.instance)
    values = {key: setting.get(key, value) for key, value in config.optimizer.values.items()}
    wider, training = widened(contender.space, sides, contender.check), config.training
    found: dict[str, Side] = {}
    for key, side in sides.items():
        axis = wider[key]
        assert isinstance(axis, Range)  # a choice has no edge
        if key not in values:
            found[key] = side
            continue
        beyond = {**values, key: axis.low if side == "low" else axis.high}
        change = effect(rule, values, beyond, training.updates, training.iterations_per)
        if change > NEGLIGIBLE:
            found[key] = side
    return found


def as_text(setting: Setting) -> str:
    """A setting as `key=value` pairs."""
    return " ".join(f"{key}={value:g}" if isinstance(value, float) else f"{key}={value}" for key, value in setting.items())
