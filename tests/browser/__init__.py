"""Journeys of buyers, organisers and door staff through a real Chromium against a whole installation."""
