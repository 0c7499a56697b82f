"""The demonstration month: two providers, five tenants, real-looking calls, played through public interfaces."""
