"""The application: HTTP API and pages, one folder per context."""
