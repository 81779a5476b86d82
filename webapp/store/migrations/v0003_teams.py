"""People with accounts, roles in a matter, groups, walls, and what is set of a matter."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and create the tables; whoever was a member of a matter had it alone, and is its owner."""
    op.add_column("users", sa.Column("email", sa.String(255), nullable=True))
    op.add_column("users", sa.Column("password_hash", sa.Text(), nullable=True))
    op.add_column("users", sa.Column("administrator", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("users", sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("users", sa.Column("created_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_users_email", "users", ["email"], unique=True)
    op.add_column("memberships", sa.Column("role", sa.String(8), nullable=False, server_default=sa.text("'owner'")))
    op.add_column("conversations", sa.Column("shared_at", sa.DateTime(timezone=True), nullable=True))
    _groups()
    op.create_table(
        "walls",
        sa.Column("matter_id", sa.String(32), nullable=False),
        sa.Column("user_id", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("matter_id", "user_id", name="pk_walls"),
        _key("walls", "user_id", "users"),
    )
    op.create_index("ix_walls_user_id", "walls", ["user_id"])
    op.create_table(
        "matter_settings",
        sa.Column("matter_id", sa.String(32), nullable=False),
        sa.Column("archived", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("retention_days", sa.Integer(), nullable=True),
        sa.Column("legal_hold", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.PrimaryKeyConstraint("matter_id", name="pk_matter_settings"),
    )
    op.create_table(
        "privileged",
        sa.Column("matter_id", sa.String(32), nullable=False),
        sa.Column("document_id", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("matter_id", "document_id", name="pk_privileged"),
    )


def _groups() -> None:
    op.create_table(
        "groups",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_groups"),
        sa.UniqueConstraint("name", name="uq_groups_name"),
    )
    op.create_table(
        "group_members",
        sa.Column("group_id", sa.String(32), nullable=False),
        sa.Column("user_id", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("group_id", "user_id", name="pk_group_members"),
        sa.ForeignKeyConstraint(
            ["group_id"], ["groups.id"], name="fk_group_members_group_id_groups", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_group_members_user_id_users", ondelete="CASCADE"),
    )
    op.create_index("ix_group_members_user_id", "group_members", ["user_id"])
    op.create_table(
        "group_matters",
        sa.Column("group_id", sa.String(32), nullable=False),
        sa.Column("matter_id", sa.String(32), nullable=False),
        sa.Column("role", sa.String(8), nullable=False),
        sa.PrimaryKeyConstraint("group_id", "matter_id", name="pk_group_matters"),
        sa.ForeignKeyConstraint(
            ["group_id"], ["groups.id"], name="fk_group_matters_group_id_groups", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_group_matters_matter_id", "group_matters", ["matter_id"])


def _key(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    """Foreign key to the id of another table, whose deleted rows take these with them."""
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=f"fk_{table}_{column}_{other}", ondelete="CASCADE")
