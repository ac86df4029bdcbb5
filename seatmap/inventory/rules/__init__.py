"""What each verb decides: pure, synchronous, the clock an argument. Every rule has a Lua twin in `../lua`.

A rule takes a `ShowState` and returns an `Outcome`: the next state, the answer, and the feed entries. The Lua twins keep
seat bits and counters; here both are derived from holds and orders, so that a counter gone wrong is seen at once.
"""
