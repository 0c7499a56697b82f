"""Payments: collects money through Stripe, never twice, and keeps the books of it."""
