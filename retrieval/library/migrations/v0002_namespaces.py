"""A matter's name is its own among those of one namespace, no longer among all."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, and take it into the constraint; what is there stays together in the namespace "".

    SQLite cannot drop a constraint: the table is made anew, which `database.migrate` lets happen without its documents.
    """
    with op.batch_alter_table("matters") as matters:
        matters.add_column(sa.Column("namespace", sa.String(64), nullable=False, server_default=sa.text("''")))
        matters.drop_constraint("uq_matters_name", type_="unique")
        matters.create_unique_constraint("uq_matters_namespace", ["namespace", "name"])
