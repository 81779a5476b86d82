"""Pure pipelines: a question becomes a checked answer, a document a summary; no user, no workspace, no HTML."""
