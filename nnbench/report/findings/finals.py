"""Where each setting ended up, as it is written where there is no paper: in the summary and on the web page."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from nnbench.core import formatting as numbers
from nnbench.records.measure import Measure
from nnbench.records.measures import by_rank
from nnbench.report.findings.findings import METRICS, Findings
from nnbench.stats.interquartile import middle_mean


@dataclass(frozen=True, kw_only=True)
class Final:
    """One setting on one measure.

    Attributes:
        value: the interquartile mean over seeds; NaN where there is none.
        words: it, in as many digits as its interval bears out.
        bounds: of the interval, in words.
        best: the best of the measure, or not shown to differ from it; nothing is where no difference is shown.
    """

    value: float
    words: str
    bounds: str
    best: bool


def measures(findings: Findings) -> list[Measure]:
    """What the settings are told of by, the one that judges them first; no validation accuracy beside that of the test."""
    known = [metric for metric in by_rank() if findings.known(metric.column)]
    tested = METRICS["test/accuracy"] in known
    return [metric for metric in known if not (tested and metric.column == "final/val_accuracy")]


def finals(findings: Findings, metric: Measure) -> dict[str, Final]:
    """Each setting on a measure."""
    found = findings.by(metric)
    leaders, columns = found.leaders, ["setting", "estimate", "low", "high"]
    return {
        str(setting): Final(
            value=estimate,
            words=numbers.fixed(estimate, numbers.decimals(low, high)),
            bounds=numbers.bounds(low, high),
            best=setting in leaders,
        )
        for setting, estimate, low, high in found.ranking[columns].itertuples(index=False)
    }


def counts(findings: Findings) -> dict[str, tuple[int, str]]:
    """Of each setting, the best first: the number of its runs, and in words those that its means leave out (`3 diverged`)."""
    ranking = findings.ranking(findings.primary)
    left_out = findings.runs[~findings.runs.index.isin(findings.scored.index)]
    return {
        str(setting): (int(runs), _counted(left_out.loc[left_out["setting"] == setting, "outcome"].astype(str).tolist()))
        for setting, runs in ranking[["setting", "runs"]].to_numpy()
    }


def _counted(outcomes: Sequence[str]) -> str:
    return ", ".join(f"{number} {outcome}" for outcome, number in sorted(Counter(outcomes).items()))


def times(findings: Findings) -> dict[str, float]:
    """Of each setting, the seconds of the training loop, an interquartile mean."""
    seconds = findings.scored[["setting", "time/train_seconds"]].dropna().groupby("setting")["time/train_seconds"]
    return {str(setting): float(middle_mean(own)) for setting, own in seconds}
