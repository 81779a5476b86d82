"""Hybrid search (vectors and BM25) with routing to documents and clause types, and packing into a token budget."""
