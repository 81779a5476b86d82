"""A result becomes what is taken along: copies, Word memos, tables, pages to print, a redline, the audit log."""
