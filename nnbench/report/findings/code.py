"""What is known of the code behind runs: that it is the same, that it is another, or neither.

That it is the same is claimed on evidence alone: equal digests of the source or, of runs that have none, a commit without
uncommitted changes, which says nothing of a user's own classes.
"""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from nnbench.core.formatting import count, listing
from nnbench.core.keys import CLASSES
from nnbench.records.study import Study

UNKNOWN = "code not known"
OWN = "nnbench"
# What else is recorded of a run, with what it is called in print.
MADE_BY = {
    "commit": "commit",
    "dirty": "uncommitted changes",
    "version": "nnbench",
    "python": "Python",
    "numpy": "NumPy",
    "blas": "BLAS",
    "cpu": "CPU",
    "threads": "BLAS threads",
}
SHORT = 10  # digits of a digest or a commit, as it is shown
MOST, WIDEST = 120, 160  # lines of a diff, and letters of one


@dataclass(frozen=True)
class Differences:
    """The code of two sets of runs.

    Attributes:
        differ: what is of other source, such as `my.opts:Lion` or `nnbench`.
        unknown: of what that is not known.
    """

    differ: list[str]
    unknown: list[str]

    @property
    def same(self) -> bool:
        """Whether there is evidence that all of it is the same."""
        return not self.differ and not self.unknown


def versions(runs: pd.DataFrame) -> tuple[int, int]:
    """How many versions of the code some runs are known to come of, and of how many runs it is not known."""
    own = _evidence(runs)
    known = pd.Series(True, index=runs.index)
    for column in CLASSES:
        named = _column(runs, column)
        known &= _of_class(runs, column).notna() | ~named.astype(str).str.contains(":")
    return own.nunique(), int((own.isna() | ~known).sum())


def differences(before: pd.DataFrame, after: pd.DataFrame) -> Differences:
    """What is known of the code of two sets of runs: of nnbench's own, and of each class that both have."""
    found = Differences([], [])
    _compare(found, OWN, _evidence(before), _evidence(after))
    for column in CLASSES:
        mine, theirs = _column(before, column), _column(after, column)
        for named in mine.dropna().unique():
            if not (theirs == named).any():
                continue
            one, other = _of_class(before, column)[mine == named], _of_class(after, column)[theirs == named]
            if ":" in str(named) or pd.concat([one, other]).astype(str).str.startswith("digest").any():
                _compare(found, str(named), one, other)  # else all that is known of it is the commit, which is nnbench's
    return found


def versions_of(runs: pd.DataFrame, name: str) -> str:
    """The versions of a class, or of nnbench, that some runs come of, in words."""
    of = _evidence(runs)
    for column in CLASSES:
        if (named := _column(runs, column) == name).any():
            of = _of_class(runs, column)[named]
    told = [value if value.startswith("commit") else value.removeprefix("digest ") for value in of.dropna().unique()]
    return ", ".join([*(value[: SHORT + len("commit ")] for value in told), *(["not known"] if of.isna().any() else [])])


def _compare(found: Differences, name: str, before: "pd.Series[str]", after: "pd.Series[str]") -> None:
    mine, theirs = set(before.dropna()), set(after.dropna())
    kinds = {value.partition(" ")[0] for value in mine | theirs}
    if before.isna().any() or after.isna().any() or len(kinds) > 1:
        found.unknown.append(name)
    elif mine != theirs or len(mine) > 1:
        found.differ.append(name)


def _evidence(runs: pd.DataFrame) -> "pd.Series[str]":
    """The version of nnbench's own code that each run comes of, in words; NaN where it is not known."""
    commit = ("commit " + _column(runs, "commit")).where(_column(runs, "dirty").eq(False))
    return ("digest " + _column(runs, "code")).fillna(commit)


def _of_class(runs: pd.DataFrame, column: str) -> "pd.Series[str]":
    """As `_evidence`, for the class that a column names: one that comes with nnbench is covered by a commit, too."""
    own = ~_column(runs, column).astype(str).str.contains(":")
    return ("digest " + _column(runs, CLASSES[column])).fillna(_evidence(runs.assign(code=None)).where(own))


def _column(runs: pd.DataFrame, name: str) -> "pd.Series[str]":
    return runs[name].astype(object) if name in runs else pd.Series(None, index=runs.index, dtype=object)


def shown(runs: pd.DataFrame) -> str:
    """The version of nnbench in a few words: `commit 0123456789`, `3 commits`, `source 0123456789 in 2 commits`, or
    `code not known`."""
    commits = _column(runs, "commit").dropna().unique()
    if len(commits) == 1 and _column(runs, "commit").notna().all():
        dirty = _column(runs, "dirty").eq(True).any()
        return f"commit {commits[0][:SHORT]}{' with uncommitted changes' if dirty else ''}"
    digests = _column(runs, "code")
    if len(commits):
        missing = " and code not known" if _column(runs, "commit").isna().any() else ""
        changes = ", some with uncommitted changes" if _column(runs, "dirty").eq(True).any() else ""
        one = f"source {digests.iloc[0][:SHORT]} in " if digests.notna().all() and digests.nunique() == 1 else ""
        return f"{one}{count(len(commits), 'commit')}{changes}{missing}"
    if digests.isna().any() or runs.empty:
        return UNKNOWN
    found = digests.unique()
    return f"source {found[0][:SHORT]}" if len(found) == 1 else f"{len(found)} versions of the source"


def left_out(study: Study) -> str:
    """How many versions of its classes a study holds, where there are several: only the newest are compared."""
    if study.earlier.empty:
        return ""
    told = []
    for column, digest in CLASSES.items():
        both = pd.concat([frame for frame in (study.runs, study.tuning, study.earlier) if not frame.empty])
        for named, own in both.groupby(_column(both, column)):
            found = own[digest].nunique() + int(own[digest].isna().any())
            if found > 1:
                told.append(f"{found} of {named}")
    codes = pd.concat([_column(frame, "code") for frame in (study.runs, study.tuning, study.earlier) if not frame.empty])
    if (found := codes.nunique() + int(codes.isna().any())) > 1:
        told.append(f"{found} of {OWN} itself")
    held = (
        f"The study holds several versions of the code ({listing(told)})" if told else "The study holds runs of earlier code"
    )
    verb = "is" if len(study.earlier) == 1 else "are"
    return (
        f"{held}: {count(len(study.earlier), 'run')} of earlier ones {verb} left out, and nothing is averaged over versions."
    )


def diff(before: Study, after: Study, names: Sequence[str]) -> list[str]:
    """What was changed in the source of classes, or of nnbench, from one study to another: lines of a unified diff.

    Empty where the sources have not been kept; cut to `MOST` lines.
    """
    lines = [line[:WIDEST] for name in names for line in _diff(before, after, name)]
    return lines if len(lines) <= MOST else [*lines[: MOST - 1], f"... {len(lines) - MOST + 1} more lines"]


def _diff(before: Study, after: Study, name: str) -> Iterator[str]:
    old, new = _files(before, name), _files(after, name)
    if not (old and new):
        return
    for file in sorted({*old, *new}):
        mine, theirs = (files.get(file, "").splitlines() for files in (old, new))
        yield from difflib.unified_diff(mine, theirs, f"{before.name}/{file}", f"{after.name}/{file}", lineterm="", n=2)


def _files(study: Study, name: str) -> dict[str, str]:
    """The source of a class or of nnbench, as the study's newest run of it had it."""
    holders = (
        {OWN: study.runs}
        if name == OWN
        else {column.partition(".")[0]: study.runs[_column(study.runs, column) == name] for column in CLASSES}
    )
    for part, runs in holders.items():
        if len(runs):
            run_id = runs.sort_values("started")["run_id"].iloc[-1]
            files = study.source(str(run_id)).items()
            return {file.removeprefix(f"{part}/"): text for file, text in files if file.startswith(f"{part}/")}
    return {}
