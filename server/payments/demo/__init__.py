"""The demo provider: a small Stripe-shaped payment provider in a process of its own (docs/demo-provider.md)."""
