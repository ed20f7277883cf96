"""The emailed link: the offer, accepting and declining it, and its pages."""
