"""Demo data: the cast, and a large workspace."""
