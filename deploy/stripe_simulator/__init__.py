"""A stand-in for Stripe on loopback: API, Stripe.js, hosted card fields and signed webhooks.

See README.md for what it does and what it does not. Run ``python -m deploy.stripe_simulator serve``.
"""
