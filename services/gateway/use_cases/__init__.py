"""What people ask of the gateway."""
