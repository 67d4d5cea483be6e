"""What markets look like in numbers: one set of statistics for recorded and for made ones."""
