"""Versions of the source code: which runs of a study may be compared, by the digests in their tags."""

from collections.abc import Callable, Hashable, Iterable, Sequence

from nnbench.core.keys import ADDED, CLASSES, GROUPS, SOURCES, TASK
from nnbench.records.rows import Row

# Name of a part of the code that decides a run's numbers -> tag with the digest of its source.
TAGS = {name: f"nnbench.{column}" for name, column in SOURCES.items()}
DATASET = TAGS[TASK.name]
REQUESTED = "nnbench.asked"  # when a sweep last requested a run that it did not train again, in ms since 1970

# Tags of the classes of groups that were added later, which earlier runs do not have.
ADDED_TAGS = frozenset(TAGS[group.name] for group in GROUPS if group.class_key in ADDED)

Version = tuple[str | None, ...]


def version(row: Row) -> Version:
    """Return the digest of each source in `TAGS`; None for an unknown one."""
    return tuple(row.tags.get(tag, "" if tag in ADDED_TAGS else None) for tag in TAGS.values())


def split(rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """Separate the runs that may be compared from those of an earlier version of the same optimizer or dataset.

    The newest version is that of the run that was started or requested last. A version with an unknown source, as in a store
    of the first edition, is earlier than any other.
    """
    # Runs whose dataset has an unknown source may be compared with another optimizer's, but not averaged with known ones.
    known, unknown = [row for row in rows if DATASET in row.tags], [row for row in rows if DATASET not in row.tags]
    current = [*_newest(known, lambda row: row.values.get(TASK.class_key), lambda row: row.tags[DATASET]), *unknown]
    current = _newest(current, lambda row: tuple(row.values.get(key, ADDED.get(key)) for key in CLASSES), version)
    ids = {row.run_id for row in current}
    return [row for row in rows if row.run_id in ids], [row for row in rows if row.run_id not in ids]


def _newest(rows: Iterable[Row], subject: Callable[[Row], Hashable], version_of: Callable[[Row], Hashable]) -> list[Row]:
    """The rows of each subject that have its newest version."""
    groups: dict[Hashable, list[Row]] = {}
    for row in rows:
        groups.setdefault(subject(row), []).append(row)
    kept = []
    for group in groups.values():
        newest = version_of(max(group, key=lambda row: (None not in version(row), _requested(row))))
        kept += [row for row in group if version_of(row) == newest]
    return kept


def _requested(row: Row) -> int:
    """When the run was started or last requested."""
    tag = row.tags.get(REQUESTED, "")
    return max(row.started or 0, int(tag) if tag.isdecimal() and len(tag) < 20 else 0)
