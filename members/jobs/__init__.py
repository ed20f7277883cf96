"""Long work in the background, whose progress survives a crash."""
