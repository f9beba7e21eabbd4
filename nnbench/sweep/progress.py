"""Progress of a sweep: a live bar on a terminal, a line every ten seconds elsewhere."""

import time
from collections import Counter
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from nnbench.config.schema import Config
from nnbench.core import formatting as numbers
from nnbench.core.console import escape_markup
from nnbench.records.kinds import score_curve
from nnbench.sweep.job import Ended, Failure
from nnbench.training.execute import Result

# Seconds between plain lines: a log of an overnight sweep stays readable.
PLAIN_EVERY = 10.0
NAMED = 3  # failed runs with the same reason that the final table names
PRINTED = 5  # failed runs with the same reason that are printed as they happen


class _Rate(ProgressColumn):
    """Runs a second or a minute, whichever reads better."""

    def render(self, task: Task) -> Text:
        return Text(_rate(task.speed) if task.speed else "")


def _rate(speed: float) -> str:
    return f"{speed:.1f}/s" if speed >= 1 else f"{60 * speed:.1f}/min"


class SweepProgress:
    """Counts, rate, time left and the best run so far; failures are printed above the bar as they happen."""

    def __init__(self, console: Console, total: int) -> None:
        self.console = console
        self.total = total
        self.done = 0
        self.failed = 0
        self._reasons: Counter[str] = Counter()
        self.best: tuple[float, str] | None = None
        self._started = time.monotonic()
        self._printed = self._started
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            _Rate(),
            TimeRemainingColumn(compact=True),
            TextColumn("{task.fields[status]}"),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("training", total=total, status="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._bar.stop()

    def ended(self, event: Ended) -> None:
        """Count a job that has ended."""
        self.done += 1
        if isinstance(event.outcome, Failure):
            self.failed += 1
            self._print_failure(event.job.config.run_name, event.outcome.reason)
        elif event.outcome is not None:
            self._update_best(event.job.config, event.outcome)
        self._bar.update(self._task, advance=1, status=self._status())
        now = time.monotonic()
        if not self.console.is_terminal and (now - self._printed >= PLAIN_EVERY or self.done == self.total):
            self._printed = now
            self.console.print(self._line(now), soft_wrap=True)

    def _print_failure(self, name: str, reason: str) -> None:
        """Print a failed run; of the runs with the same reason, the first `PRINTED`."""
        self._reasons[reason] += 1
        if self._reasons[reason] <= PRINTED:
            more = "; further runs with this reason are counted" if self._reasons[reason] == PRINTED else ""
            self.console.print(f"[red]failed[/red] {escape_markup(f'{name}: {reason}{more}')}")

    def _update_best(self, config: Config, result: Result) -> None:
        history = result.history
        if history.outcome != "diverged" and len(scores := score_curve(history, "val")):
            value = float(scores[-1])
            if self.best is None or value > self.best[0]:
                self.best = (value, config.run_name)

    def _status(self) -> str:
        parts = [f"[red]{self.failed} failed[/red]"] if self.failed else []
        if self.best:
            parts.append(f"best val {self.best[0]:.3f} {escape(self.best[1])}")
        return " · ".join(parts)

    def _line(self, now: float) -> str:
        elapsed = now - self._started
        left = elapsed / self.done * (self.total - self.done)
        parts = [f"{self.done}/{self.total} runs", _rate(self.done / elapsed), f"{numbers.duration(left)} left"]
        return " · ".join([*parts, *filter(None, [self._status()])])


def failure_table(events: Sequence[Ended]) -> Table:
    """Table of the failed runs, a row for each reason."""
    table = Table("failed", "runs", "why", box=None, padding=(0, 1), header_style="red")
    names: dict[str, list[str]] = {}
    for event in events:
        assert isinstance(event.outcome, Failure)
        names.setdefault(event.outcome.reason, []).append(event.job.config.run_name)
    for reason, runs in names.items():
        shown = [*runs[:NAMED], "..."] if len(runs) > NAMED else runs
        table.add_row(str(len(runs)), escape_markup(", ".join(shown)), escape_markup(reason))
    return table
