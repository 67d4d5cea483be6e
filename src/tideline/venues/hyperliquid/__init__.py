"""Hyperliquid: the main dex and the builder-deployed ones."""
