"""Ways to look at the browser side without a server."""
