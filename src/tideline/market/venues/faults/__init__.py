"""What can go wrong at a venue, one family a file; ``script`` puts them on a time line."""
