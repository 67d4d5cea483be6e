"""Venue servers: each speaks one venue's real formats, fed from one market state."""
