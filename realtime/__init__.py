"""The live gateway: seats and figures pushed over WebSockets."""
