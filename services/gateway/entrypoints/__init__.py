"""HTTP: the public API and the page."""
