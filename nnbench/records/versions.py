"""Which runs of a study may be compared: those of the newest source of each class, as the tags of the runs name it."""

from collections.abc import Callable, Hashable, Iterable, Sequence

from nnbench.records.rows import Row

SOURCE, DATASET, CODE = "nnbench.source", "nnbench.dataset_source", "nnbench.code"
ASKED = "nnbench.asked"  # when a sweep last wanted a run that had been made before, in ms since 1970

Version = tuple[str | None, str | None, str | None]


def version(row: Row) -> Version:
    """The digests of the optimizer's, the dataset's and nnbench's own source; None of what is not known."""
    return row.tags.get(SOURCE), row.tags.get(DATASET), row.tags.get(CODE)


def split(rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """The rows that may be compared, and those of an earlier source of the same optimizer or dataset.

    Newest is the source that was wanted last: that of the last run, or of the last that a sweep has reused. A source that is
    not known, as in a store of the first edition, is earlier than any that is.
    """
    # Runs of a dataset whose source is not known may still be compared with another optimizer's, but not be averaged.
    known, unknown = [row for row in rows if DATASET in row.tags], [row for row in rows if DATASET not in row.tags]
    kept = [*_newest(known, lambda row: row.params.get("dataset.name"), lambda row: row.tags[DATASET]), *unknown]
    kept = _newest(kept, lambda row: (row.params.get("optimizer.algorithm"), row.params.get("dataset.name")), version)
    ids = {row.run_id for row in kept}
    return [row for row in rows if row.run_id in ids], [row for row in rows if row.run_id not in ids]


def _newest(rows: Iterable[Row], subject: Callable[[Row], Hashable], of: Callable[[Row], Hashable]) -> list[Row]:
    """The rows with the newest version of their subject."""
    groups: dict[Hashable, list[Row]] = {}
    for row in rows:
        groups.setdefault(subject(row), []).append(row)
    kept = []
    for group in groups.values():
        last = max(group, key=lambda row: (None not in version(row), _wanted(row)))
        kept += [row for row in group if of(row) == of(last)]
    return kept


def _wanted(row: Row) -> int:
    asked = row.tags.get(ASKED, "")
    return max(row.started or 0, int(asked) if asked.isdecimal() and len(asked) < 20 else 0)
