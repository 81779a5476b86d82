"""Chat-completions servers: client, dialects, pool, circuit breaker, tokenizer, embedded llama.cpp server."""
