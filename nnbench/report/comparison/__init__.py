"""Comparison of two studies, paired by setting and seed.

A page is a function that is called with a section, the paired studies and, for the cover, the contents; it returns its table.
"""

PAGES = ("cover", "differences", "seeds", "loss", "accuracy", "changes")
