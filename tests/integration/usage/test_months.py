"""Calls by month: partitions made on demand and once, the same leg once whatever month it says it is of."""
