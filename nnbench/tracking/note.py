"""What a person reads first in MLflow's own pages: Markdown on a study, a sweep and a run."""

from collections.abc import Iterable, Mapping

from nnbench.history import History
from nnbench.tracking.metrics import finals

LIMIT_RUN, LIMIT_STUDY = 8000, 20000  # characters that MLflow keeps of a note

STUDY = """\
# {study}

{description}

**Protocol.** Training, validation and test points are drawn independently. The seed alone decides the data and the
initial weights, so that runs of different optimizers pair by seed. Settings are compared on the validation points; the
test points are looked at once, with the final weights.

**How to read it.** Each row is one training run; the runs named *sweep ...* belong to a whole sweep and hold its report
and tables. Sort by `final/val_loss`; group by the parameters `optimizer.name` and `optimizer.learning_rate` to average
over seeds. `nnbench.outcome` says how a run ended: *finished*, *stopped* (at the accuracy asked for), *diverged* (its
loss left the finite numbers, and its metrics are those of its last finite epoch), *failed* (its traceback is an
artifact) or *killed*. The curve of every epoch is in `history.npz`.

**Command.**

    {command}
"""
QUESTION = "Which optimizer, with which hyperparameters, and how sure are we?"


def study_note(study: str, description: str | None, command: str) -> str:
    """The note on a study."""
    return cut(STUDY.format(study=study, description=description or QUESTION, command=command), LIMIT_STUDY)


def run_note(name: str, outcome: str, settings: Mapping[str, str], *, history: History | None = None, reason: str = "") -> str:
    """The note on a training run: how it ended, its finals, its settings."""
    lines = [f"## {name}", "", _ending(outcome, history, reason), ""]
    if history is not None:
        lines += _table("metric", ((key, f"{value:.6g}") for key, value in finals(history) if value == value))
    return cut("\n".join([*lines, *_table("setting", settings.items())]), LIMIT_RUN)


def cut(text: str, limit: int) -> str:
    """`text` in at most `limit` characters, with an ellipsis where some are missing."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _ending(outcome: str, history: History | None, reason: str) -> str:
    if history is None:
        return f"**{outcome.capitalize()}**: {reason}"
    if history.diverged_at is not None:
        return f"**Diverged** at epoch {history.diverged_at}: the loss left the finite numbers."
    return f"**{outcome.capitalize()}** after {len(history.train_loss)} epochs in {history.seconds:.2f} s."


def _table(head: str, rows: Iterable[tuple[str, str]]) -> list[str]:
    cells = (f"| `{key}` | {value.replace('|', chr(92) + '|')} |" for key, value in rows)
    return [f"| {head} | value |", "|---|---|", *cells, ""]
