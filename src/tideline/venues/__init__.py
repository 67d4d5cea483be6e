"""One file a venue: how its own symbols are read (pure: text in, instruments out)."""
