"""Chat-completions servers: client, dialects, pool, circuit breaker, tokenizer, bundled llama.cpp server."""
