"""HTTP, events and due loops: parse, call a use case."""
