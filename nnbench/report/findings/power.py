"""What a study with so many seeds and settings can show, in words."""

import numpy as np
from scipy.stats import norm

from nnbench.core.formatting import count, significant
from nnbench.report.findings.findings import Findings
from nnbench.stats.power import lead_shown, power_of_signed_rank
from nnbench.stats.signed_rank import LEVEL
from nnbench.stats.verdict import NOTABLE


def told(findings: Findings) -> str:
    """The share of studies of this size that show a setting which wins three times in four, and the least lead shown.

    Args:
        findings: of a study with seeds enough to rank its settings.

    Returns:
        The beginning of a sentence.
    """
    verdict, by = findings.by(findings.primary).verdict, findings.primary
    level = LEVEL / verdict.pairs
    shares = {n: _shown(n, level) for n in (verdict.seeds, verdict.advisable)}
    more = f", with {verdict.advisable} seeds in {shares[verdict.advisable]}" if verdict.seeds < verdict.advisable else ""
    chance = (
        f"With {count(verdict.seeds, 'seed')} and {count(verdict.settings, findings.noun)}, one that beats another three "
        f"times in four is shown to in {shares[verdict.seeds]} of studies{more}"
    )
    lead = lead_shown(seeds=verdict.seeds, level=level) * _spread(findings)
    known = np.isfinite(lead) and lead >= _resolution(findings)
    least = f"; here a lead of {significant(lead, 2)} in {by.name} would be, in four of five" if known else ""
    return f"{chance}{least}"


def _shown(seeds: int, level: float) -> str:
    share = power_of_signed_rank(float(norm.ppf(NOTABLE)), seeds=seeds, level=level)
    return f"about {share:.0%}".replace("%", " %")


def _spread(findings: Findings) -> float:
    """The standard deviation of the differences within a seed, the median of all pairs; NaN where it is 0 or unknown."""
    finite = findings.by(findings.primary).scores.replace([np.inf, -np.inf], np.nan)
    with np.errstate(over="ignore", invalid="ignore"):  # of values near the largest float nothing is told
        covariance = finite.cov(min_periods=2).to_numpy()
        own = np.diag(covariance)
        variance = (own[:, None] + own - 2 * covariance)[np.triu_indices(len(own), k=1)]
    known = variance[np.isfinite(variance) & (variance > 0)]
    return float(np.sqrt(np.median(known))) if known.size else np.nan


def _resolution(findings: Findings) -> float:
    """The smallest difference between two values of the study's runs; infinite where all are the same."""
    values = findings.by(findings.primary).scores.to_numpy(dtype=np.float64)
    steps = np.diff(np.unique(values[np.isfinite(values)]))
    return float(steps[steps > 1e-9].min(initial=np.inf))
