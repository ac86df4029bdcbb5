"""Webhooks: verified, stored once in the inbox, answered; applied afterwards by asking the provider for the truth (R1)."""
