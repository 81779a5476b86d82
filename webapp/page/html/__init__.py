"""HTML of results, conversations and lists."""
