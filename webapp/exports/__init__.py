"""A result becomes a file to take along: a redline as HTML or DOCX."""
