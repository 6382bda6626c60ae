"""The peers of the benchmarks: first versions as people write them, and unchanged products of others."""
