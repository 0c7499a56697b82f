"""The services' HTTP APIs and the gateway's own database."""
