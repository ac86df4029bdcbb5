"""Seat inventory: who holds and who bought which seat of a show. Rules, their Lua twins, the Valkey adapter, best available.

Start with `model.py` (words), `port.py` (verbs), `rules.py` (what each verb decides) and `docs/keys.md` (what is stored).
"""
