"""What invoicing does, one file per use case."""
