"""What a workspace buys: its plan and how many seats of each product."""
