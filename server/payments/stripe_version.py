"""The version of Stripe's API that our reader and our demo provider were written against.

Raised by hand together with `stripe_objects.py` and `demo/wire.py`, never by an update of the SDK alone.
"""

API_VERSION = "2026-10-28.endive"
