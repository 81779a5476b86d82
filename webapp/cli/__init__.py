"""Command-line interface: runs commands in this process or through a running server."""
