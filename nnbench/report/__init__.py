"""Report of a study as PDF, web page and Markdown, with the tables behind its figures."""
