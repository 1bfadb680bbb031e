"""Owns the benchmarks: figures beside a peer, on the same machine, in the same run."""
