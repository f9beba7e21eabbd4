"""Progress of a report on the terminal: a bar, or a line now and then in a log."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from nnbench.core.signals import checkpoint
from nnbench.report.outputs.document import Progress as Following

PLAIN_EVERY = 10.0  # seconds between the lines in a log


@contextmanager
def followed(console: Console) -> Iterator[Following]:
    """A bar that goes when it is done, or on no terminal a line now and then: a large study takes a minute."""
    if console.is_terminal:
        columns = (TextColumn("report: {task.description}"), BarColumn(bar_width=24), MofNCompleteColumn())
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task("")

            def show(what: str, done: int, of: int) -> None:
                checkpoint()
                bar.update(task, description=escape(what), completed=done, total=of)

            yield show
        return
    said = time.monotonic()

    def say(what: str, done: int, of: int) -> None:
        nonlocal said
        checkpoint()
        if time.monotonic() - said >= PLAIN_EVERY:
            said = time.monotonic()
            console.print(f"report: {what.lower()} {done}/{of}")

    yield say
