"""The commands: entry points, their options, and what they print."""
