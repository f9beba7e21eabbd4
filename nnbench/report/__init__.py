"""From a study to a PDF that a person would hand out, and the tables behind its figures."""
