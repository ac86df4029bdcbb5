"""The ledger: append-only double entry per currency. `posting.py` has the rules; the database refuses what does not balance."""
