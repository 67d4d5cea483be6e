"""From what arrives to rows: a machine fed with records, without clock, network or disk."""
