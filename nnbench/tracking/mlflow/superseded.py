"""Jobs whose FINISHED runs have other source code, and runs of an earlier version that a sweep reuses."""

from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Sequence

from nnbench.core.keys import GROUPS, TASK
from nnbench.records.rows import Row
from nnbench.records.settings import configuration
from nnbench.records.tables import configuration_of
from nnbench.records.versions import ADDED_TAGS, REQUESTED, TAGS, split
from nnbench.tracking.run_spec import RunSpec


def changes(rows: Iterable[Row], jobs: Iterable[RunSpec]) -> Counter[str]:
    """Count the jobs that have a FINISHED run of other source, by what differs; "" if that is not known.

    What differs is named as in the parameters, such as `my.opts:Lion`, or it is `nnbench`.
    """
    older: dict[tuple[str, Hashable], list[Row]] = {}
    for row in rows:
        if row.status == "FINISHED":
            for key in {configuration_of(row), configuration(row.params)}:
                older.setdefault((key, row.values.get("seed")), []).append(row)
    found: Counter[str] = Counter()
    for job in jobs if older else ():
        keys = [(key, job.seed) for key in (job.configuration, configuration(job.stored_params))]
        if earlier := next((older[key] for key in keys if key in older), None):
            found.update(_differing(earlier[-1], job))
    return found


def mark_requested(rows: Sequence[Row], identities: Collection[str], requested: int) -> dict[str, dict[str, str]]:
    """Return tags, by run id, by which runs of an earlier version that a sweep reuses count as the newest.

    Args:
        rows: of the study.
        identities: of the runs that the sweep uses.
        requested: time of the request, in ms since 1970.
    """
    _, earlier = split([row for row in rows if row.tags.get("nnbench.kind") == "training"])
    return {row.run_id: {REQUESTED: str(requested)} for row in earlier if row.tags.get("nnbench.identity") in identities}


def _differing(row: Row, job: RunSpec) -> list[str]:
    """The components whose source differs between a job and a run of the same configuration."""
    known = {tag: digest for tag, digest in job.sources.items() if tag in row.tags or tag not in ADDED_TAGS}
    if not all(tag in row.tags for tag in known):
        return [""]
    classes = {TAGS[group.name]: job.params.get(group.class_key) for group in (*GROUPS, TASK) if group.source}
    return [str(classes.get(tag, "nnbench")) for tag, digest in known.items() if row.tags[tag] != digest]
