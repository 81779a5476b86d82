"""The `pincite` command, in this process or through a running server."""
