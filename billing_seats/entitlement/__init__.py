"""Whether a person may open a product, and why not."""
