"""HTTP, events, due work and the command line: parse, call a use case, answer."""
