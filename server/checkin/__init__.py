"""The door: one decision function, one transaction per scan, counters for whoever watches."""
