"""A workspace's API keys: their pages, and their resource in the API."""
