"""A crowd of buyers that knows only what is public: the HTTP API, docs/messages.md and docs/demo-provider.md."""
