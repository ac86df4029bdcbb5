"""Payments: the port to a payment provider, the Stripe adapter, and our own demo provider (docs/demo-provider.md)."""
