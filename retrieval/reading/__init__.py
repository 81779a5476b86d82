"""Converts files to text and chunks, in a separate process with limits of time and memory."""
