"""Email that must not be lost: the queue, the relay that sends it, and the way to the provider."""
