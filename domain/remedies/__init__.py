"""What a missed target costs: each scheme of remedies in its own module."""
