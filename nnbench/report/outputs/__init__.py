"""The files of a report: PDF, HTML, Markdown, and the data behind each page."""
