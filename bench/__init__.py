"""Benchmarks: figures that `python -m bench` takes, each beside its goal or a peer of the same run."""
