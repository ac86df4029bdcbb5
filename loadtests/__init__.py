"""Load: buyers, benchmarks and attackers, all through the public interfaces."""
