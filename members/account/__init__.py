"""A person's way in: sign-up, confirming, password, profile, sessions."""
