"""Payments on real PostgreSQL and the Stripe simulator."""
