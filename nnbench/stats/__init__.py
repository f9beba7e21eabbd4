"""One file a statistic: arrays and tables in, numbers out."""
