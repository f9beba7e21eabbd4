"""Utilities that every other package uses: errors, constraints, registry, random streams, formatting, console, signals."""
