"""Versions of the code behind runs: the same, different or unknown.

They are called the same only on evidence: equal digests of the source or, for runs without digests, a commit without
uncommitted changes, which says nothing about a user's own classes.
"""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from nnbench.core.formatting import count, listing
from nnbench.core.keys import CLASSES
from nnbench.records.study import Study

UNKNOWN = "code not known"
PACKAGE = "nnbench"
# Recorded columns on the code and the machine, with their names in print.
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
SHORT = 10  # printed digits of a digest or a commit
MOST, WIDEST = 120, 160  # lines of a diff, and characters of a line


@dataclass(frozen=True)
class Differences:
    """Comparison of the code of two sets of runs.

    Attributes:
        differ: what has a different source, such as `my.opts:Lion` or `nnbench`.
        unknown: of what it is unknown whether the source differs.
    """

    differ: list[str]
    unknown: list[str]

    @property
    def same(self) -> bool:
        """Whether all of the code is known to be the same."""
        return not self.differ and not self.unknown


def versions(runs: pd.DataFrame) -> tuple[int, int]:
    """Return the number of known versions of the code, and of runs whose version is unknown."""
    version = _version(runs)
    known = version.notna()
    for column in CLASSES:
        known &= _class_version(runs, column).notna() | ~_column(runs, column).astype(str).str.contains(":")
    return version.nunique(), int((~known).sum())


def differences(before: pd.DataFrame, after: pd.DataFrame) -> Differences:
    """Compare the code of two sets of runs: nnbench's own, and each class that both have."""
    result = Differences([], [])
    _compare(result, PACKAGE, _version(before), _version(after))
    for column in CLASSES:
        names_before, names_after = _column(before, column), _column(after, column)
        for name in names_before.dropna().unique():
            if not (names_after == name).any():
                continue
            old = _class_version(before, column)[names_before == name]
            new = _class_version(after, column)[names_after == name]
            if ":" in str(name) or pd.concat([old, new]).astype(str).str.startswith("digest").any():
                _compare(result, str(name), old, new)  # else only the commit is known, which is nnbench's
    return result


def versions_of(runs: pd.DataFrame, name: str) -> str:
    """List the versions of a class, or of nnbench, that were run, such as `commit 0123456789, not known`."""
    version = _version(runs)
    for column in CLASSES:
        if (of_class := _column(runs, column) == name).any():
            version = _class_version(runs, column)[of_class]
    known = [value.removeprefix("digest ")[: SHORT + len("commit ")] for value in version.dropna().unique()]
    return ", ".join([*known, *(["not known"] if version.isna().any() else [])])


def _compare(result: Differences, name: str, before: "pd.Series[str]", after: "pd.Series[str]") -> None:
    versions = pd.concat([before, after])
    if versions.isna().any() or versions.str.split(" ").str[0].nunique() > 1:
        result.unknown.append(name)
    elif versions.nunique() > 1:
        result.differ.append(name)


def _version(runs: pd.DataFrame) -> "pd.Series[str]":
    """The version of nnbench's own code of each run, such as `commit 0123` or `digest 4567`; NaN where it is unknown."""
    commit = ("commit " + _column(runs, "commit")).where(_column(runs, "dirty").eq(False))
    return ("digest " + _column(runs, "code")).fillna(commit)


def _class_version(runs: pd.DataFrame, column: str) -> "pd.Series[str]":
    """Likewise for the class that a column names: a commit covers it only if it comes with nnbench."""
    shipped = ~_column(runs, column).astype(str).str.contains(":")
    return ("digest " + _column(runs, CLASSES[column])).fillna(_version(runs.assign(code=None)).where(shipped))


def _column(runs: pd.DataFrame, name: str) -> "pd.Series[str]":
    return runs[name].astype(object) if name in runs else pd.Series(None, index=runs.index, dtype=object)


def describe(runs: pd.DataFrame) -> str:
    """The version of nnbench: `commit 0123456789`, `3 commits`, `source 0123456789 in 2 commits`, or `code not known`."""
    commits, digests = _column(runs, "commit"), _column(runs, "code")
    unknown, dirty = commits.isna().any(), _column(runs, "dirty").eq(True).any()
    source = f"source {digests.iloc[0][:SHORT]}" if digests.nunique() == 1 and digests.notna().all() else ""
    if commits.nunique() == 1 and not unknown:
        return f"commit {commits.iloc[0][:SHORT]}{' with uncommitted changes' if dirty else ''}"
    if commits.notna().any():
        changes = ", some with uncommitted changes" if dirty else ""
        missing = " and code not known" if unknown else ""
        return f"{f'{source} in ' if source else ''}{count(commits.nunique(), 'commit')}{changes}{missing}"
    if digests.isna().any() or runs.empty:
        return UNKNOWN
    return source or f"{digests.nunique()} versions of the source"


def left_out(study: Study) -> str:
    """State which versions of the code a study has, if some are earlier ones: only the newest are compared."""
    if study.earlier.empty:
        return ""
    runs = pd.concat([frame for frame in (study.runs, study.tuning, study.earlier) if not frame.empty])
    numbers = {
        str(name): rows[digest].nunique(dropna=False)
        for column, digest in CLASSES.items()
        for name, rows in runs.groupby(_column(runs, column))
    }
    numbers[f"{PACKAGE} itself"] = _column(runs, "code").nunique(dropna=False)
    several = [f"{number} of {name}" for name, number in numbers.items() if number > 1]
    versions = f"several versions of the code ({listing(several)})" if several else "runs of earlier code"
    earlier = f"{count(len(study.earlier), 'run')} of earlier ones {'is' if len(study.earlier) == 1 else 'are'} left out"
    return f"The study has {versions}: {earlier}, and nothing is averaged over versions."


def diff(before: Study, after: Study, names: Sequence[str]) -> list[str]:
    """Lines of a unified diff of the sources of classes, or of nnbench, in two studies.

    Empty where the sources were not stored; cut to `MOST` lines.
    """
    lines = [line[:WIDEST] for name in names for line in _diff(before, after, name)]
    return lines if len(lines) <= MOST else [*lines[: MOST - 1], f"... {len(lines) - MOST + 1} more lines"]


def _diff(before: Study, after: Study, name: str) -> Iterator[str]:
    old, new = _files(before, name), _files(after, name)
    if not (old and new):
        return
    for file in sorted({*old, *new}):
        one, other = (files.get(file, "").splitlines() for files in (old, new))
        yield from difflib.unified_diff(one, other, f"{before.name}/{file}", f"{after.name}/{file}", lineterm="", n=2)


def _files(study: Study, name: str) -> dict[str, str]:
    """The source files of a class or of nnbench, from the study's newest run of it."""
    holders = (
        {PACKAGE: study.runs}
        if name == PACKAGE
        else {column.partition(".")[0]: study.runs[_column(study.runs, column) == name] for column in CLASSES}
    )
    for part, runs in holders.items():
        if len(runs):
            run_id = runs.sort_values("started")["run_id"].iloc[-1]
            files = study.source(str(run_id)).items()
            return {file.removeprefix(f"{part}/"): text for file, text in files if file.startswith(f"{part}/")}
    return {}
