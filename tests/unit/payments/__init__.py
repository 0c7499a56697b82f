"""Rules and use cases of payments, without servers."""
