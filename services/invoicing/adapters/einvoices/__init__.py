"""Electronic invoices: one value of EN 16931 in both of its syntaxes, and inside a PDF."""
