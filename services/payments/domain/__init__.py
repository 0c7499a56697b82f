"""Pure rules of collecting: states, declines, balances, words."""
