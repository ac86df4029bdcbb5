"""Public pages: the list of events, the page of one, and what search engines read. They work without JavaScript."""
