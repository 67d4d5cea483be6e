"""What a collector gets to see of a made market: late, stale, sampled and at times not at all.

``prior``        from what the quality of a world is drawn
``quality``      one world's draw: how stale each book's open interest is, what is lost and restated
``offered``      what each venue gives at all, how often, and of how many liquidations
``liquidations`` which forced closings a venue's feed tells
``market``       the same for venue servers: a Market around the market
``rows``         the same in bulk: canonical rows of a whole tape for the log

Both ways show the same numbers at the same moments; they know nothing of the truth behind.
"""
