"""Coinbase: US derivatives (CDE), and the gateway that is Deribit's own book."""
