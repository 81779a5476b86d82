"""Jobs are leased to the process that works on them."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; a job without a lease is nobody's."""
    op.add_column("jobs", sa.Column("owner", sa.String(32), nullable=True))
    op.add_column("jobs", sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True))
