"""The history of the library's tables, one Alembic revision a file; `database.migrate` runs them when it is opened."""
