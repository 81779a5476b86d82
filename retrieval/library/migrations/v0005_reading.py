"""What is known of how a document was read: pages read in part or from an image, and warnings."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns, empty: older versions knew none of it."""
    for name in ("partly_read_pages", "recognised_pages", "warnings"):
        op.add_column("documents", sa.Column(name, sa.JSON(none_as_null=True), nullable=True))
