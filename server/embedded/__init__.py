"""Postgres and Valkey from their wheels, started for one machine or one test run."""
