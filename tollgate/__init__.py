"""``tollgate``: a command-line client of the gateway's provider API. It knows addresses and words, no business rule."""
