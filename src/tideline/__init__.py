"""tideline."""
