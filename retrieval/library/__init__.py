"""The record of matters and documents: database tables, job queue and content-addressed files."""
