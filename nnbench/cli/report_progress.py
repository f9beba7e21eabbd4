"""Progress of a report on the terminal: a bar, or in a log a line every ten seconds."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from nnbench.core.signals import checkpoint
from nnbench.report.outputs.document import Progress as ProgressCallback

PLAIN_EVERY = 10.0  # seconds between the lines in a log


@contextmanager
def shown_progress(console: Console) -> Iterator[ProgressCallback]:
    """Give a callback that shows progress: on a terminal by a bar, removed at the end, else by lines."""
    if console.is_terminal:
        columns = (TextColumn("report: {task.description}"), BarColumn(bar_width=24), MofNCompleteColumn())
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task("")

            def show(what: str, done: int, of: int) -> None:
                checkpoint()
                bar.update(task, description=escape(what), completed=done, total=of)

            yield show
        return
    printed = time.monotonic()

    def print_line(what: str, done: int, of: int) -> None:
        nonlocal printed
        checkpoint()
        if time.monotonic() - printed >= PLAIN_EVERY:
            printed = time.monotonic()
            console.print(f"report: {what.lower()} {done}/{of}")

    yield print_line
