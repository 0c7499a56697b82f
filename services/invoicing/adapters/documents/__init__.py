"""Documents on paper: words and figures in the tenant's language, set by typst in a process of its own."""
