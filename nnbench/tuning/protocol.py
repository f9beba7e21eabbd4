"""Two-stage protocol of `experiment=tuned`: tune each optimizer, then evaluate it on seeds that tuning has not used.

1. Tuning: the same number of configs for each optimizer, from the space that its YAML file declares, each run on the
   tuning seeds without test points. This is done once for each task (`problem=moons,digits`) with configs of its own, and on
   each task as often as `tuning.searches` says, by searches that share neither configs nor seeds: how much their choices
   differ shows how much of a result is due to the search.
2. Selection: within each search, the best `ranking.Score`, which uses validation points only.
3. Final: each optimizer with the setting of its YAML file and with each selected one, on the seeds of the command line,
   which must differ from the tuning seeds. The report compares these runs only.

A selected setting on the edge of its space is flagged. With `extend` the space is made a third longer on that side, and
the same number of configs is drawn from the whole of it. The best of the old and the new ones is selected; so an optimizer
whose space was too narrow has tried more of them, and `selection.csv` states how many.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.plugins.launcher import Launcher
from omegaconf import DictConfig

from nnbench.config.text_values import as_text
from nnbench.core import formatting as numbers
from nnbench.core.errors import UserError
from nnbench.core.keys import LABEL, hyperparameter
from nnbench.records import tasks
from nnbench.records.npz import SELECTION
from nnbench.records.tuned import tuned_label
from nnbench.sweep.executors.hydra import executor_of
from nnbench.sweep.job import Job
from nnbench.sweep.repeatability import check_repeatable
from nnbench.sweep.sweep import Plan, Sweep, list_jobs
from nnbench.tuning import budget
from nnbench.tuning.budget import EXTENSIONS, Budget, spent
from nnbench.tuning.contender import Contender, Key, Trial
from nnbench.tuning.repeatability import configs_to_check
from nnbench.tuning.request import Tuning, read
from nnbench.tuning.selection import Chosen, choose, print_choice
from nnbench.tuning.space import Range, Setting, Space, widened
from nnbench.tuning.trials import list_trials, run_trials

COLUMNS = (
    *("setting", "task", "search", "optimizer", "hyperparameter", "value", "default", "kind", "low", "high", "edge"),
    *("tried", "spaces", "declared_low", "declared_high", "configs", "sampler_seed"),
    *("seeds", "measure", "score", "loss", "lost"),
)


def two_stage_sweep(loader: ConfigLoader, master: DictConfig, arguments: Iterable[str], launcher: Launcher) -> Plan | None:
    """Plan a sweep of the sweeper `two_stage`; returns None where `dry_run` has printed its jobs.

    Raises:
        UserError: an override is not allowed; nothing has been started.
    """
    tuning = read(loader, master, arguments, "tuning")
    _check(tuning)
    executor = executor_of(launcher, needs_results=tuning.options.sampler == "tpe")
    if tuning.config.dry_run:
        _list(tuning)
        return None
    check_repeatable(configs_to_check(tuning))
    return Plan(config=tuning.config, executor=executor, stages=lambda sweep: _run(sweep, tuning))


def _check(tuning: Tuning) -> None:
    options = tuning.options
    used = {seed for contender in tuning.contenders for seed in contender.seeds}
    if shared := sorted(used & set(tuning.seeds)):
        given = f"tuning.seeds={options.seeds}"
        if options.searches > 1:
            given += f" tuning.searches={options.searches}"
        raise UserError(f"{given}: must hold none of the seeds of the final stage; seed has {shared} too")
    labels = {contender.label for contender in tuning.contenders}
    for contender in tuning.first_searches:
        if (taken := tuned_label(contender.label)) in labels:
            raise UserError(f"{LABEL}={taken}: is how {contender.label} is labelled with its tuned setting; give another name")
        contender.job(0, {}, 0, "final", tuned_label(contender.label))  # the label may be too long
        tuning.design(contender)  # the space may hold too few settings


def _list(tuning: Tuning) -> None:
    list_trials(tuning)
    list_jobs(_final_jobs(tuning, []))
    seeds, searches = ", ".join(map(str, tuning.seeds)), tuning.options.searches
    of_each = f" of each of its {searches} searches" if searches > 1 else ""
    for one in tuning.first_searches:
        on = f" on {one.on}" if one.on else ""
        print(f"{tuned_label(one.label)}{on} with the best of its settings{of_each}, on seed {seeds}")


def _run(sweep: Sweep, tuning: Tuning) -> None:
    labels = ", ".join(dict.fromkeys(contender.label for contender in tuning.contenders))
    sweep.open(f"tune {labels}, compare over {numbers.count(len(tuning.seeds), 'seed')}", tuning.params)
    searched: dict[Key, list[Space]] = {contender.key: [] for contender in tuning.contenders}
    chosen = _choose(sweep, tuning, searched)
    if sweep.halted:
        return
    sweep.files.append(_write_selection(chosen, tuning, _budgets(sweep, tuning, searched)))
    sweep.run(_final_jobs(tuning, chosen), "final stage")


def _choose(sweep: Sweep, tuning: Tuning, searched: Mapping[Key, list[Space]]) -> list[Chosen]:
    """Run the tuning stage; returns the selected setting of each search of which some run finished.

    Args:
        sweep: runs the jobs.
        tuning: the request.
        searched: receives the spaces of each search.
    """
    chosen: dict[Key, Chosen] = {}
    tried: dict[Key, list[Trial]] = {contender.key: [] for contender in tuning.contenders}
    contenders = list(tuning.contenders)
    for extension in range(EXTENSIONS + 1):
        for each in contenders:
            searched[each.key].append(each.space)
        if extension:
            wider = {budget.extension(each.label, extension, each.task, each.search): each.space for each in contenders}
            sweep.set_tags({name: budget.to_json(space) for name, space in wider.items()})
        stage = f"tuning in wider spaces ({extension})" if extension else "tuning"
        new = run_trials(sweep, tuning, contenders, stage)
        if sweep.halted:
            return []
        runs = sweep.writer.finished_runs()
        for each in contenders:
            known = [trial.setting for trial in tried[each.key]]
            tried[each.key] += [trial for trial in new[each.key] if trial.setting not in known]
            chosen[each.key] = choose(each, tried[each.key], runs)
        latest = (chosen[each.key] for each in contenders)
        cut = [one for one in latest if one.edges and not one.is_lost]
        if not (tuning.extend and cut):
            break
        contenders = [
            replace(one.contender, space=widened(one.contender.space, one.edges, one.contender.check)) for one in cut
        ]
    hint = f"its space has been widened {EXTENSIONS} times" if tuning.extend else "extend=true widens its space"
    for (_, label), searches in groupby(chosen.values(), lambda one: one.contender.key[:2]):
        print_choice(sweep.console, list(searches), tuned_label(label), hint)
    return [one for one in chosen.values() if not one.is_lost]


def _final_jobs(tuning: Tuning, chosen: Sequence[Chosen]) -> list[Job]:
    """Jobs of the final stage, seed by seed: an interrupted sweep has runs that can be paired by seed.

    A setting that several searches chose gives equal jobs, of which a sweep trains the first.
    """
    defaults = tuning.first_searches if tuning.options.defaults else []
    settings: list[tuple[Contender, Setting, str]] = [(each, {}, "") for each in defaults]
    settings += [(one.contender, one.setting, tuned_label(one.contender.label)) for one in chosen]
    turns = [(seed, *setting) for seed in tuning.seeds for setting in settings]
    return [each.job(number, setting, seed, "final", label) for number, (seed, each, setting, label) in enumerate(turns)]


def _budgets(sweep: Sweep, tuning: Tuning, searched: Mapping[Key, Sequence[Space]]) -> dict[tuple[str, str], Budget]:
    """The budget of each optimizer on each task, with the spaces of all of its searches."""
    spaces: dict[tuple[str, str], list[Space]] = {}
    for (task, label, _), one in searched.items():
        spaces.setdefault((task, label), []).extend(one)
    of_tuning = {each.task: tasks.key(each.default.leaves(), tuning=True) for each in tuning.first_searches}
    return spent(sweep.writer.rows(), spaces, of_tuning)


def _write_selection(chosen: Sequence[Chosen], tuning: Tuning, budgets: Mapping[tuple[str, str], Budget]) -> Path:
    """Write the selected settings as a CSV file with the columns of `Study.selection`; returns its path."""
    path = Path(tuning.config.report.folder) / tuning.config.study / SELECTION
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        has_seed = tuning.options.sampler != "grid"
        writer.writerows(row for one in chosen for row in _rows(one, budgets[one.contender.key[:2]], has_seed=has_seed))
    return path


def _rows(one: Chosen, budget: Budget, *, has_seed: bool) -> Iterator[dict[str, Any]]:
    contender = one.contender
    config = contender.default
    default, own = {hyperparameter(key): value for key, value in config.leaves().items()}, config.optimizer.values
    for key in [*contender.space, *(key for key in own if key not in contender.space)]:
        axis = contender.space.get(key)
        yield {
            "setting": tuned_label(contender.label),
            "task": contender.task,
            "search": contender.search,
            "optimizer": contender.label,
            "hyperparameter": key,
            "value": as_text(one.setting.get(key, default[key])),
            "default": as_text(default[key]),
            "kind": axis.kind if axis else "fixed",
            "low": axis.low if isinstance(axis, Range) else "",
            "high": axis.high if isinstance(axis, Range) else "",
            "edge": one.edges.get(key, ""),
            "tried": budget.tried,
            "spaces": "" if budget.spaces is None else budget.spaces,
            "declared_low": budget.declared.get(key, {}).get("low", ""),
            "declared_high": budget.declared.get(key, {}).get("high", ""),
            "configs": one.tried,
            "sampler_seed": contender.sampler_seed if has_seed else "",
            "seeds": len(contender.seeds),
            "measure": one.measure,
            "score": one.result,
            "loss": one.score.loss,
            "lost": one.score.lost,
        }
