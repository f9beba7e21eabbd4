"""Comparison of two studies, paired by setting and seed.

Each page is a module with `draw(section, versus)`, which draws one or more pages and returns the data behind them.
"""

PAGES = ("cover", "differences", "seeds", "loss", "accuracy", "changes")
