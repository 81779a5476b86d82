"""Matters, documents, jobs, and the files that no document may hold yet."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the four tables."""
    op.create_table(
        "matters",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("indexed_with", sa.Text(), nullable=True),
        sa.Column("retired", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_matters"),
        sa.UniqueConstraint("name", name="uq_matters_name"),
    )
    op.create_table(
        "documents",
        sa.Column("matter_id", sa.String(32), nullable=False),
        sa.Column("document_id", sa.String(64), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("unreadable_pages", sa.JSON(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("matter_id", "document_id", name="pk_documents"),
        sa.ForeignKeyConstraint(
            ["matter_id"], ["matters.id"], name="fk_documents_matter_id_matters", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_documents_document_id", "documents", ["document_id"])
    op.create_table(
        "jobs",
        sa.Column("matter_id", sa.String(32), nullable=False),
        sa.Column("document_id", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("matter_id", "document_id", name="pk_jobs"),
        sa.ForeignKeyConstraint(
            ["matter_id", "document_id"],
            ["documents.matter_id", "documents.document_id"],
            name="fk_jobs_matter_id_documents",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_jobs_state", "jobs", ["state", "queued_at"])
    op.create_table(
        "loose_files",
        sa.Column("document_id", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("document_id", name="pk_loose_files"),
    )
