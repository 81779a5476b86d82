"""Renders results, conversations and lists as HTML."""
