"""Usage: calls, their billed time, and what a period holds."""
