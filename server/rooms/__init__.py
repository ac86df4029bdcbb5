"""Waiting rooms over HTTP: organisers make and steer them, visitors join, wait, claim and leave, anybody checks the draw."""
