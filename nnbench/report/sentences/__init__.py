"""Findings as sentences, which claim no more than the statistics show."""
