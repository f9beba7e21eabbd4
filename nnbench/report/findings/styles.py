"""Line styles of settings: colour, marker and dash."""

from collections import Counter
from dataclasses import replace

import pandas as pd

from nnbench.core.palette import DASHES, LineStyle, optimizer_styles
from nnbench.records.tuned import base_label

_MARKERS = "os^D<v>X*phd"  # of settings of one colour; the next ones differ the most


def setting_styles(runs: pd.DataFrame) -> dict[str, LineStyle]:
    """A style for each setting: its optimizer's; the later ones of one optimizer vary dash and marker.

    Args:
        runs: `setting`, `optimizer` and `tuned` of `Study.runs`: a tuned optimizer has the style of the optimizer.
    """
    of_setting = runs[["setting", "optimizer", "tuned"]].drop_duplicates("setting")
    optimizers = [base_label(label, tuned) for label, tuned in of_setting[["optimizer", "tuned"]].itertuples(index=False)]
    styles = optimizer_styles(optimizers)
    seen: Counter[str] = Counter()
    result: dict[str, LineStyle] = {}
    for setting, optimizer in zip(of_setting["setting"], optimizers, strict=True):
        line_style, order = styles[optimizer], seen[optimizer]
        seen[optimizer] += 1
        dashes = [line_style.dash, *(dash for dash in DASHES if dash != line_style.dash)]
        markers = [line_style.marker, *(marker for marker in _MARKERS if marker != line_style.marker)]
        result[setting] = replace(line_style, dash=dashes[order % len(dashes)], marker=markers[order % len(markers)])
    return result
