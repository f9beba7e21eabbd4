"""Line styles of settings: colour, marker and dash."""

from collections import Counter
from dataclasses import replace
from itertools import product

import pandas as pd

from nnbench.core.palette import DASHES, Dash, LineStyle, optimizer_styles
from nnbench.records.tuned import base_label

_MARKERS = "os^D<v>X*phd"  # of settings of one colour; the next ones differ the most


def setting_styles(runs: pd.DataFrame) -> dict[str, LineStyle]:
    """A style for each setting: its optimizer's; later ones of one optimizer have another marker and dash.

    The pairs of marker and dash differ between all settings, as far as there are enough, for print in grey.

    Args:
        runs: `setting`, `optimizer` and `tuned` of `Study.runs`: a tuned optimizer has the style of the optimizer.
    """
    of_setting = runs[["setting", "optimizer", "tuned"]].drop_duplicates("setting")
    optimizers = [base_label(label, tuned) for label, tuned in of_setting[["optimizer", "tuned"]].itertuples(index=False)]
    styles = optimizer_styles(optimizers)
    first = dict(zip(reversed(optimizers), reversed(of_setting["setting"].tolist()), strict=True))
    pairs = Counter((styles[optimizer].marker, styles[optimizer].dash) for optimizer in first)
    markers, dashes = Counter(style.marker for style in styles.values()), Counter[tuple[str, Dash]]()
    result: dict[str, LineStyle] = {}
    for setting, optimizer in zip(of_setting["setting"], optimizers, strict=True):
        chosen = styles[optimizer]
        if first[optimizer] != setting:
            marker, dash = min(
                product(_MARKERS, DASHES),
                key=lambda pair: (pairs[pair], markers[pair[0]], dashes[optimizer, pair[1]]),
            )
            chosen = replace(chosen, marker=marker, dash=dash)
            pairs[marker, dash] += 1
            markers[marker] += 1
        dashes[optimizer, chosen.dash] += 1
        result[setting] = chosen
    return result
