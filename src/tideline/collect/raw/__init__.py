"""What arrived, as it arrived: compressed, rotated, capped, and read again."""
