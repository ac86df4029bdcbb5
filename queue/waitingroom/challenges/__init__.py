"""The bot door's rules: what a browser sends unasked, what joining costs, how often a network may try. Pure and synchronous."""
