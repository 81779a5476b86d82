"""A question becomes a checked, cited answer, and the page that shows it."""
