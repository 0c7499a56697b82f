"""What usage does, one verb a file."""
