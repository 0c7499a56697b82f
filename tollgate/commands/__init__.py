"""The commands, one module for each part of a provider's work. Each says in its source which routes it calls."""
