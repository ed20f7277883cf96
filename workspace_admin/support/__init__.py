"""Django admin for support staff."""
