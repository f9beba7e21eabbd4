"""Style of plots: sizes, colours of text, and the type.

This module does not import matplotlib, so that the terminal can use the colours without loading it.
"""

WIDTH = 174.0  # of the text, in millimetres
MM = 72 / 25.4  # points a millimetre

INK, MUTED, FAINT = "#1a1a1a", "#595959", "#c8c8c8"
WARNING, LINK = "#b03a00", "#0b62a8"
BODY, SMALL, NOTE, LEAST = 9.0, 8.0, 7.5, 7.0  # points
DOTS = 110  # per inch, of rasters

RC: dict[str, object] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same on every machine
    "font.size": SMALL,
    "svg.fonttype": "none",  # text stays text, to be found and edited
    "svg.hashsalt": "nnbench",  # ids are a digest of what they name instead of random
    "figure.facecolor": "none",
    "text.parse_math": False,  # a name may hold a dollar sign
    "text.color": INK,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": MUTED,
    "axes.labelsize": SMALL,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titlesize": SMALL,
    "axes.unicode_minus": True,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": "#ececec",
    "grid.linewidth": 0.6,
    "xtick.labelsize": LEAST,
    "ytick.labelsize": LEAST,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.minor.size": 0.0,
    "ytick.minor.size": 0.0,
    "lines.linewidth": 1.5,
    "lines.markersize": 4.0,
}
