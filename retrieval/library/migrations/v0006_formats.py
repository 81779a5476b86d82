"""The format of each file, and the names under which its bytes came; older versions read PDFs alone."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns: every document that is there is a PDF, and came under its name alone."""
    op.add_column("documents", sa.Column("format", sa.String(16), nullable=False, server_default=sa.text("'PDF'")))
    op.add_column("documents", sa.Column("sources", sa.JSON(none_as_null=True), nullable=True))
