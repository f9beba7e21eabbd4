"""What a sweep says while it runs: a live bar on a terminal, a plain line now and then elsewhere."""

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
from nnbench.sweep.job import Ended, Failure
from nnbench.training.execute import Result

# Seconds between plain lines: a log of an overnight sweep stays readable.
PLAIN_EVERY = 10.0
NAMED = 3  # runs that failed for one reason and are named in the end
TOLD = 5  # runs that fail for one reason and have a line each


class _Rate(ProgressColumn):
    """Runs a second or a minute, whichever reads better."""

    def render(self, task: Task) -> Text:
        return Text(_rate(task.speed) if task.speed else "")


def _rate(speed: float) -> str:
    return f"{speed:.1f}/s" if speed >= 1 else f"{60 * speed:.1f}/min"


class SweepProgress:
    """Counts, rate, time left and the best run so far.

    Failures are printed above the bar as they happen, since a sweep may run overnight.
    """

    def __init__(self, console: Console, total: int) -> None:
        self.console = console
        self.total = total
        self.done = 0
        self.failed = 0
        self._reasons: Counter[str] = Counter()
        self.best: tuple[float, str] | None = None
        self._started = time.monotonic()
        self._said = self._started
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            _Rate(),
            TimeRemainingColumn(compact=True),
            TextColumn("{task.fields[news]}"),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("training", total=total, news="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._bar.stop()

    def ended(self, event: Ended) -> None:
        """Count a job that came back."""
        self.done += 1
        if isinstance(event.outcome, Failure):
            self.failed += 1
            self._tell_failed(event.job.config.run_name, event.outcome.reason)
        elif event.outcome is not None:
            self._compare(event.job.config, event.outcome)
        self._bar.update(self._task, advance=1, news=self._news())
        now = time.monotonic()
        if not self.console.is_terminal and (now - self._said >= PLAIN_EVERY or self.done == self.total):
            self._said = now
            self.console.print(self._line(now), soft_wrap=True)

    def _tell_failed(self, name: str, reason: str) -> None:
        """A line a run, and of a reason that many runs share, its first ones."""
        self._reasons[reason] += 1
        if self._reasons[reason] <= TOLD:
            more = "; others that fail so are counted" if self._reasons[reason] == TOLD else ""
            self.console.print(f"[red]failed[/red] {escape_markup(f'{name}: {reason}{more}')}")

    def _compare(self, config: Config, result: Result) -> None:
        history = result.history
        if history.outcome != "diverged" and len(history.val_accuracy):
            value = float(history.val_accuracy[-1])
            if self.best is None or value > self.best[0]:
                self.best = (value, config.run_name)

    def _news(self) -> str:
        parts = [f"[red]{self.failed} failed[/red]"] if self.failed else []
        if self.best:
            parts.append(f"best val {self.best[0]:.3f} {escape(self.best[1])}")
        return " · ".join(parts)

    def _line(self, now: float) -> str:
        elapsed = now - self._started
        left = elapsed / self.done * (self.total - self.done)
        parts = [f"{self.done}/{self.total} runs", _rate(self.done / elapsed), f"{numbers.duration(left)} left"]
        return " · ".join([*parts, *filter(None, [self._news()])])


def failed(events: Sequence[Ended]) -> Table:
    """What failed, a line a reason."""
    table = Table("failed", "runs", "why", box=None, padding=(0, 1), header_style="red")
    names: dict[str, list[str]] = {}
    for event in events:
        assert isinstance(event.outcome, Failure)
        names.setdefault(event.outcome.reason, []).append(event.job.config.run_name)
    for reason, runs in names.items():
        shown = [*runs[:NAMED], "..."] if len(runs) > NAMED else runs
        table.add_row(str(len(runs)), escape_markup(", ".join(shown)), escape_markup(reason))
    return table
