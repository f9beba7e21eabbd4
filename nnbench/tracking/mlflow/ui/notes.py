"""Markdown notes on a study, a sweep and a run for MLflow's UI.

The UI folds a study's note to its first line and a run's to its first few, so these hold the most important facts.
"""

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath

from nnbench.records.history import History
from nnbench.records.labels import BEST, Best
from nnbench.records.measures import by_rank
from nnbench.tracking.metrics import final_values
from nnbench.tracking.mlflow.ui import views

LIMIT_RUN, LIMIT_STUDY = 8000, 20000  # characters that MLflow keeps of a note
THIS_RUN = "{this run}"  # stands for the run's id where a note is written before the run has one
SUMMARY = tuple(one.key for one in by_rank("note"))  # in a run's first line

STUDY = """\
{question} {links}

## {study}

{answer}**Protocol.** Training, validation and test points are drawn independently. The seed alone decides the data and the
initial weights, so that runs of different optimizers pair by seed. Settings are compared on the validation points; the
test points are looked at once, after the training: with the final weights (`test/`), and with those of the epoch that had
the lowest validation loss (`best/`).

**How to read it.** Each row is one training run; the black ones named *sweep ...* belong to a whole sweep and hold its
report and tables. The views above sort the runs, average their curves over seeds (a line a setting, with the range of its
runs), and list what went wrong. `nnbench.outcome` says how a run ended: *finished*, *stopped* (at the accuracy asked for),
*diverged* (its loss left the finite numbers, and its metrics are those of its last finite epoch), *failed* (its traceback
is an artifact) or *killed*. The curve of every epoch is in `history.npz`.
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
    """The note on a study.

    Args:
        study: its name.
        experiment_id: for the links.
        command: that made its newest sweep.
        question: its research question.
        answer: the conclusion of its report.
        reports: the newest on the study, one a task: the run that holds it, and its place among that run's artifacts.
        bests: the best setting of each optimizer.
        several_tasks: its runs were trained on different data, and have no common ranking.
    """
    links = [f"[{name}]({views.link(experiment_id, key)})" for key, name in views.names(several_tasks=several_tasks).items()]
    for run_id, place in reports:
        name = f"Report on {plain(PurePosixPath(place).parent.name)}" if len(reports) > 1 else "Report"
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
) -> str:
    """The note on a sweep's own run: its outcomes, its report and the report's cover."""
    counts = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items())) or "no runs"
    files = list(files)
    lines = [plain(answer) or "A sweep, whose runs are beside it.", "", f"**Its runs:** {counts}."]
    for report in (file for file in files if PurePosixPath(file).name == "report.pdf"):
        address, task = views.run_link(experiment_id, THIS_RUN, report), PurePosixPath(report).parent.name
        which = f"The report on {plain(task)}" if task else "The report"
        lines += ["", f"[**{which}**]({address}); the table behind each page is among the artifacts, in `figures`."]
    if "cover.png" in files:
        lines += ["", f"![The report's first page]({picture_address('cover.png')})"]
    return truncate("\n".join([*lines, "", "**Command.**", "", f"    {command}", ""]), LIMIT_RUN)


def run_note(
    outcome: str,
    params: Mapping[str, str],
    *,
    history: History | None = None,
    reason: str = "",
    picture: str | None = None,
) -> str:
    """The note on a training run: how it ended, its decision boundary, its final values, its settings.

    Args:
        outcome: how it ended.
        params: its settings.
        history: where it came back.
        reason: where it did not.
        picture: the address of its decision boundary.
    """
    lines = [_ending(outcome, history, reason), ""]
    if picture:
        lines += [f"![Decision boundary]({picture})", ""]
    if history is not None:
        lines += _table("metric", ((key, f"{value:.6g}") for key, value in final_values(history) if value == value))
    return truncate("\n".join([*lines, *_table("setting", params.items())]), LIMIT_RUN)


def picture_address(name: str) -> str:
    """The address in MLflow's UI of an artifact of the note's run."""
    return f"get-artifact?path={name}&run_uuid={THIS_RUN}"


def insert_run_id(run_id: str, tags: Mapping[str, str]) -> dict[str, str]:
    """Replace the placeholder `THIS_RUN` in tags by the run's id."""
    return {key: value.replace(THIS_RUN, run_id) for key, value in tags.items()}


def truncate(text: str, limit: int) -> str:
    """Truncate `text` to `limit` characters, the last of which is then an ellipsis."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def plain(text: str) -> str:
    """Escape Markdown and HTML in `text` and collapse its white space."""
    return re.sub(r"([\\`*_\[\]|~])", r"\\\1", html.escape(" ".join(text.split()), quote=False))


def _bests(experiment_id: str, bests: Sequence[Best]) -> str:
    if not bests:
        return ""
    rows = []
    for best in bests:
        name = f"[{plain(best.optimizer)}]({views.filter_link(experiment_id, best_filter(best.optimizer))})"
        rows.append(f"| {name} | {plain(best.setting)} | {best.runs} | {best.accuracy:.3f} |")
    what = "**Each optimizer at its best setting**, by validation, as selection has it; the report ranks by test points:"
    head = ["", what, "", "| runs of | setting | runs | mean accuracy |"]
    return "\n".join([*head, "|---|---|---|---|", *rows, ""])


def best_filter(optimizer: str) -> str:
    """The filter for all runs of an optimizer at its best setting."""
    return f"tags.`nnbench.optimizer` = '{optimizer}' AND tags.`{BEST}` = 'true'"


def _ending(outcome: str, history: History | None, reason: str) -> str:
    if history is None:
        return f"**{outcome.capitalize()}**: {plain(reason)}"
    if history.diverged_at is not None:
        return f"**Diverged** at epoch {history.diverged_at}: the loss left the finite numbers."
    values = dict(final_values(history))
    told = [f"{key} {values[key]:.4g}" for key in SUMMARY if values.get(key, float("nan")) == values.get(key)]
    return f"**{outcome.capitalize()}** after {len(history.train_loss)} epochs in {history.seconds:.2f} s: {', '.join(told)}."


def _table(head: str, rows: Iterable[tuple[str, str]]) -> list[str]:
    cells = (f"| `{key}` | {plain(value)} |" for key, value in rows)
    return [f"| {head} | value |", "|---|---|", *cells, ""]
