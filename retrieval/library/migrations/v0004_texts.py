"""Texts by the version of their converter, with the facts found in each; what was read before is of version 1."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, create the table and record what is there; its facts are found at the next start."""
    op.add_column("documents", sa.Column("text_version", sa.Integer(), nullable=False, server_default=sa.text("1")))
    op.create_table(
        "texts",
        sa.Column("document_id", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("facts_version", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("facts", sa.JSON(none_as_null=True), nullable=True),
        sa.PrimaryKeyConstraint("document_id", "version", name="pk_texts"),
    )
    op.execute("INSERT INTO texts (document_id, version) SELECT DISTINCT document_id, 1 FROM documents")
