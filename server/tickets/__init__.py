"""Tickets: the signed code, its picture, the paper, the calendar file, and the rows behind them."""
