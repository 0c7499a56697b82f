"""Suspension: domain, use cases with fakes, the gate."""
