"""The history of the tables of users, one Alembic revision a file; `database.migrate` runs them at the opening."""
