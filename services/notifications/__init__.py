"""Notifications: the mails that tell tenants what they owe, what was paid and what happens to their lines."""
