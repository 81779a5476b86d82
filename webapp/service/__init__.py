"""Use cases on an open workspace: ask, summarise, mentions, the commands, the queue of questions, page images."""
