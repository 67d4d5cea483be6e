"""Live answers: the same function on the same rows as a historical question at the head."""
