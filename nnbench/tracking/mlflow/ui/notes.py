"""Markdown notes on a study, a sweep and a run for MLflow's UI.

The UI shows only the first line of a study's note and the first lines of a run's note until they are unfolded, so these have
the most important facts.
"""

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from math import nan
from pathlib import PurePosixPath
from types import MappingProxyType

from nnbench.core.formatting import fixed
from nnbench.records.history import History
from nnbench.records.labels import BEST, Best
from nnbench.records.measures import by_rank
from nnbench.tracking.metrics import final_values
from nnbench.tracking.mlflow.ui import views

LIMIT_RUN, LIMIT_STUDY = 8000, 20000  # maximum characters of a note in MLflow
THIS_RUN = "{this run}"  # placeholder for the run's id in a note that is written before the run has one
SUMMARY = tuple(measure.key for measure in by_rank("note"))  # metrics in the first line of a run's note

STUDY = """\
{question} {links}

## {study}

{answer}**Protocol.** The seed determines the data and the initial weights, so that runs of different optimizers are paired by
seed. Settings are compared on the validation points. The test points are used once, after the training: with the final
weights (`test/`), and with the weights of the epoch that had the lowest validation loss (`best/`).

**Runs.** Each row is one training run; the black rows named *sweep ...* have the report and the tables of a whole sweep.
The views above sort the runs, average their curves over seeds (one line for each setting, with the range of its runs), and
list the failures. `nnbench.outcome` is *finished*, *stopped* (at the requested accuracy), *diverged* (the loss is not
finite; the metrics are those of the last finite epoch), *failed* (the traceback is an artifact) or *killed*. The values at
every epoch are in `history.npz`.
{bests}
**Command.**

    {command}
"""
QUESTION = "Which optimizer, with which hyperparameters, and how sure are we?"


def study_note(
    study: str,
    experiment_id: str,
    command: str,
    *,
    question: str | None = None,
    answer: str = "",
    reports: Sequence[tuple[str, str]] = (),
    bests: Sequence[Best] = (),
    several_tasks: bool = False,
) -> str:
    """Write the note on a study.

    Args:
        study: name of the study.
        experiment_id: id of its experiment, for the links.
        command: command line of its newest sweep.
        question: research question; `QUESTION` if None.
        answer: conclusion of its report.
        reports: its newest reports, one a task: the id of the run that has it as an artifact, and the artifact's path.
        bests: the best setting of each optimizer.
        several_tasks: whether its runs have different tasks, and so no common ranking.
    """
    links = [f"[{name}]({views.link(experiment_id, key)})" for key, name in views.names(several_tasks=several_tasks).items()]
    for run_id, place in reports:
        name = f"Report on {plain(PurePosixPath(place).parent.name or 'all problems')}" if len(reports) > 1 else "Report"
        links.append(f"[{name}]({views.run_link(experiment_id, run_id, place)})")
    text = STUDY.format(
        question=question or QUESTION,
        links=" · ".join(links),
        study=plain(study),
        answer=f"**The report says:** {plain(answer)}\n\n" if answer else "",
        bests=_bests(experiment_id, bests),
        command=command,
    )
    return truncate(text, LIMIT_STUDY)


def sweep_note(
    experiment_id: str,
    command: str,
    outcomes: Mapping[str, int],
    *,
    answer: str = "",
    files: Iterable[str] = (),
    problems: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """Write the note on a sweep: the outcomes of its runs, links to its reports, the conclusion on each of several problems,
    and the cover.
    """
    counts = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items())) or "no runs"
    files = list(files)
    lines = [plain(answer) or "A sweep; its runs are in this experiment too.", "", f"**Its runs:** {counts}."]
    reports = [file for file in files if PurePosixPath(file).name == "report.pdf"]
    for report in reports:
        address, task = views.run_link(experiment_id, THIS_RUN, report), PurePosixPath(report).parent.name
        which = f"The report on {plain(task or 'all problems')}" if len(reports) > 1 else "The report"
        lines += ["", f"[**{which}**]({address}); the table behind each page is among the artifacts, in `figures`."]
    if "cover.png" in files:
        lines += ["", f"![The report's first page]({picture_address('cover.png')})"]
    if problems:
        rows = [f"| {plain(problem)} | {plain(conclusion)} |" for problem, conclusion in problems.items()]
        lines += ["", "| problem | conclusion |", "|---|---|", *rows]
    return truncate("\n".join([*lines, "", "**Command.**", "", f"    {command}", ""]), LIMIT_RUN)


def run_note(
    outcome: str,
    params: Mapping[str, str],
    *,
    history: History | None = None,
    finals: Mapping[str, float] | None = None,
    reason: str = "",
    picture: str | None = None,
) -> str:
    """Write the note on a training run: its outcome, decision boundary, final metrics and parameters.

    Args:
        outcome: the run's outcome.
        params: the run's parameters.
        history: history of a run that has one.
        finals: its `final_values`, if they are known.
        reason: why a run without a history failed.
        picture: address of the picture of its decision boundary.
    """
    values = finals or ({} if history is None else dict(final_values(history)))
    lines = [_outcome(outcome, history, reason, values), ""]
    if picture:
        lines += [f"![Decision boundary]({picture})", ""]
    if history is not None:
        lines += _table("metric", ((key, f"{value:.6g}") for key, value in values.items()))
    return truncate("\n".join([*lines, *_table("setting", params.items())]), LIMIT_RUN)


def picture_address(name: str) -> str:
    """Return the address in MLflow's UI of an artifact of the note's run."""
    return f"get-artifact?path={name}&run_uuid={THIS_RUN}"


def insert_run_id(run_id: str, tags: Mapping[str, str]) -> dict[str, str]:
    """Replace the placeholder `THIS_RUN` in tags by the run's id."""
    return {key: value.replace(THIS_RUN, run_id) for key, value in tags.items()}


def truncate(text: str, limit: int) -> str:
    """Truncate `text` to `limit` characters, the last of which is then an ellipsis."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


@lru_cache(maxsize=1024)  # the runs of a sweep share most of their values
def plain(text: str) -> str:
    """Escape Markdown and HTML in `text` and collapse its white space."""
    return re.sub(r"([\\`*_\[\]|~])", r"\\\1", html.escape(" ".join(text.split()), quote=False))


def _bests(experiment_id: str, bests: Sequence[Best]) -> str:
    if not bests:
        return ""
    rows = []
    for best in bests:
        name = f"[{plain(best.optimizer)}]({views.filter_link(experiment_id, best_filter(best.optimizer))})"
        rows.append(f"| {name} | {plain(best.setting)} | {best.runs} | {fixed(best.accuracy)} |")
    measures = " or ".join(dict.fromkeys(best.measure for best in bests))
    title = f"**Best setting of each optimizer**, chosen by {measures}; the report may rank by another measure:"
    head = ["", title, "", f"| runs of | setting | runs | mean {measures} |"]
    return "\n".join([*head, "|---|---|---|---|", *rows, ""])


def best_filter(optimizer: str) -> str:
    """Return MLflow's filter for all runs of an optimizer at its best setting."""
    return f"tags.`nnbench.optimizer` = '{optimizer}' AND tags.`{BEST}` = 'true'"


def _outcome(outcome: str, history: History | None, reason: str, values: Mapping[str, float]) -> str:
    if history is None:
        return f"**{outcome.capitalize()}**: {plain(reason)}"
    if history.diverged_at is not None:
        return f"**Diverged** at epoch {history.diverged_at}: the loss is not finite."
    shown = [f"{key} {values[key]:.4g}" for key in SUMMARY if values.get(key, nan) == values.get(key)]
    return f"**{outcome.capitalize()}** after {len(history.train_loss)} epochs in {history.seconds:.2f} s: {', '.join(shown)}."


def _table(head: str, rows: Iterable[tuple[str, str]]) -> list[str]:
    cells = (f"| `{key}` | {plain(value)} |" for key, value in rows)
    return [f"| {head} | value |", "|---|---|", *cells, ""]
