"""Questions with the places that answer them, and the documents that were written for them."""
