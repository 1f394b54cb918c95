"""Rehearsals: a whole agreement with scripted people, on the product's own code, in seconds."""
