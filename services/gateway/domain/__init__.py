"""How answers of the services become what the page shows. Pure."""
