"""PostgreSQL and Stripe."""
