"""What each verb of the line decides: pure, synchronous, the clock an argument. Every rule has a Lua twin in `../lua`.

A rule takes a `RoomState` and returns an `Outcome`: the next state and the answer. The Lua twins count people; here most numbers
are derived from the places themselves, so that a counter gone wrong is seen at once.
"""
