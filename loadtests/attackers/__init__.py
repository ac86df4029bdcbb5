"""Attacks on a waiting room, as scripts: each tries to get seats, places or turns that are not its own, and reports what it was told.

`python -m loadtests.attackers --url http://127.0.0.1:8000 --show 7` runs them against a running installation whose room is open.
Run them against your own installation only. An attack has failed when every attempt met the refusal it should and gained nothing.
"""
