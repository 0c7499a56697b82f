"""The newcomer's path: everything that `make run`, `make demo` and `make test` need on one machine."""
