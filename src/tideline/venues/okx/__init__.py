"""OKX v5: swaps and futures."""
