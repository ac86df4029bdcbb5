"""The catalogue: organisers' venues, events, shows, prices and limits, and what of it is on sale.

Start with `facts.py` (what everybody else reads), `catalogue.py` (the cache before it), `sale.py` (putting a show on sale).
"""
