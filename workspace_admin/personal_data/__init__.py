"""What belongs to a person beyond any workspace: their data as a file, and their erasure."""
