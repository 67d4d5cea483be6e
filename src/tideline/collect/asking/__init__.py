"""REST: limits, bans, polls, history pages, and the plan that fits them."""
