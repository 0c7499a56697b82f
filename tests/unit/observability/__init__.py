"""Alerts as code."""
