"""Made markets: books that match orders, accounts that add up, and a population that trades."""

from tideline.market.world.worlds import make_world

__all__ = ["make_world"]
