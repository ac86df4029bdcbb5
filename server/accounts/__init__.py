"""People: signing in, what a role may do, tokens for programs, and the record of what was done.

Start with `roles.py` (who may do what) and `principals.py` (who is asking).
"""
