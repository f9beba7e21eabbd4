"""Final values of each setting, for the summary and the web page."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from nnbench.core import formatting as numbers
from nnbench.records.measure import Measure
from nnbench.records.measures import by_rank
from nnbench.report.findings.findings import Findings
from nnbench.stats.interquartile import middle_mean


@dataclass(frozen=True, kw_only=True)
class Final:
    """Final value of one setting by one measure.

    Attributes:
        value: the interquartile mean over seeds; NaN where there is none.
        text: the value as printed, with as many digits as its interval justifies.
        bounds: the interval as printed.
        best: whether it is the best or not distinguished from it; False where no difference is significant.
    """

    value: float
    text: str
    bounds: str
    best: bool


def measures(findings: Findings) -> list[Measure]:
    """The measures with values, the primary one first; without the validation score if the test score is known."""
    known = [findings.primary, *(one for one in by_rank() if one != findings.primary and findings.known(one.column))]
    tested, validated = findings.score("test"), findings.score("val")
    return [metric for metric in known if not (metric == validated != findings.primary and tested in known)]


def finals(findings: Findings, metric: Measure) -> dict[str, Final]:
    """The final value of each setting by a measure."""
    comparison = findings.by(metric)
    leaders, columns = comparison.leaders, ["setting", "estimate", "low", "high"]
    return {
        str(setting): Final(
            value=estimate,
            text=numbers.fixed(estimate, numbers.decimals(low, high)),
            bounds=numbers.bounds(low, high),
            best=setting in leaders,
        )
        for setting, estimate, low, high in comparison.ranking[columns].itertuples(index=False)
    }


def counts(findings: Findings) -> dict[str, tuple[int, str]]:
    """The number of runs of each setting, best first, and those that were not completed, such as `3 diverged`."""
    ranking = findings.ranking(findings.primary)
    left_out = findings.runs[~findings.runs.index.isin(findings.scored.index)]
    return {
        str(setting): (int(runs), _counted(left_out.loc[left_out["setting"] == setting, "outcome"].astype(str).tolist()))
        for setting, runs in ranking[["setting", "runs"]].to_numpy()
    }


def _counted(outcomes: Sequence[str]) -> str:
    return ", ".join(f"{number} {outcome}" for outcome, number in sorted(Counter(outcomes).items()))


def times(findings: Findings) -> dict[str, float]:
    """The interquartile mean of each setting's seconds in the training loop."""
    seconds = findings.scored[["setting", "time/train_seconds"]].dropna().groupby("setting")["time/train_seconds"]
    return {str(setting): float(middle_mean(group)) for setting, group in seconds}
