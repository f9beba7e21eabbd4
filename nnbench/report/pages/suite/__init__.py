"""The pages of the report over all problems of a study: one module per page, found by name.

Each module has `draw(section, suite, options)`, which draws one or more pages and returns the data behind them. A name in
`report.pages` that is also a page of single problems is drawn in both reports.
"""
