"""The rules: pure functions and frozen values. Nothing here reads a clock, a file or a network."""
