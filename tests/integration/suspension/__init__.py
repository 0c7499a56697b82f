"""Suspension on real servers."""
