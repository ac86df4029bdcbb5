"""Seat charts and seat inventory: the rules of what is free, held and sold. Knows nothing of orders, people or HTTP."""
