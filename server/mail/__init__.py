"""Mail: the port, two ways to deliver (SMTP, captured on disk) and the letters themselves."""
