"""Verbs upon the world: each runs one transaction under business keys, then sends what it prepared.

An activity may be repeated after its commit; every write has a key, so that repeating it changes
nothing and returns the same.
"""
