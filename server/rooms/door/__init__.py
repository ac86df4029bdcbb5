"""The bot door of a waiting room: what joining costs, what was held against whom, and how that is taken back."""
