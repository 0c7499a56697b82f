"""Events, HTTP, webhooks and loops: parse, call a use case, no decisions."""
