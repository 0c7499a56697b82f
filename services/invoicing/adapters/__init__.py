"""Where invoicing meets its database, the other services and typst."""
