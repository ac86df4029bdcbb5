"""Orders: from a hold to a paid, ticketed order and back. Money and tickets agree (docs/api-orders.md, docs/orders.md).

Rules: `states.py`, `fees.py`, `late_money.py`. Deeds: `start.py`, `settle.py`, `close.py`, `refund.py`. Transport: `routes.py`.
"""
