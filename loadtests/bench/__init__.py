"""Benchmarks: each module measures one area and returns figures; `python -m loadtests.bench` prints and keeps them."""
