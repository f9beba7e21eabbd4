"""The findings in sentences that claim no more than the statistics show."""
