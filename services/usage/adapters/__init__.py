"""The only place of this service that talks to the outside."""
