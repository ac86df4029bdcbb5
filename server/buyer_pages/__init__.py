"""The buyer's pages: choose seats, check out, pay, see the tickets, find them again. The rules are in `server/orders`."""
