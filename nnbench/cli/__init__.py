"""The commands: entry points, options and output."""
