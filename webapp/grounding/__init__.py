"""Checks whether the text of an answer is supported by its passages: citation markers, quotations, facts, names."""
