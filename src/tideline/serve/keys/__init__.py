"""Keys: how one looks, the ring they are kept in, and how often each was used."""
