"""Turn the message catalogue into what other languages and readers need."""
