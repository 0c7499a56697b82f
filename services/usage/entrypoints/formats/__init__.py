"""Readers of call records, one format a file: bytes in, plain records out, nothing decided."""
