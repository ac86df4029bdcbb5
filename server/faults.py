"""The three kinds of fault. What a person may do wrong is a refusal (a value), never one of these."""

from seatmap.faults import Corrupt, Fault, Misuse, Unavailable

__all__ = ["Corrupt", "Fault", "Misuse", "Unavailable"]
