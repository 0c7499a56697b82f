"""Rules of invoicing, pure: plain data in, plain data out."""
