"""The audit log of a workspace: read over the REST API and on its page, and exported."""
