"""The agreement document: its shape, its strict reading, its amendment. Parsing only, no rules."""
