"""Emails of invitations: what was sent, what became of it, and what to do about it."""
