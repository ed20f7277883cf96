"""Keys of programs: a workspace's API keys and a product's keys."""
