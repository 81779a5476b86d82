"""How many characters each document's text has, so that a matter's can be counted; 0 until it is read the next time."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("documents", sa.Column("characters", sa.Integer(), nullable=False, server_default=sa.text("0")))
