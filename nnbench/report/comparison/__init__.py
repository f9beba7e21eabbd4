"""Two studies side by side: what changed between them, and what that did to each setting, seed by seed.

A page is a file here, with `draw(pad, versus)`, which fills a page or more and returns the table behind it.
"""

PAGES = ("cover", "differences", "seeds", "loss", "accuracy", "changes")
