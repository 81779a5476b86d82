"""SQL schema of users, memberships, conversations and turns. `migrations/` creates it; a test compares the two.

Matters and documents have their tables in `retrieval.library`, in the same database; here they are ids.
"""

import sqlalchemy as sa

from retrieval import database

metadata = sa.MetaData(naming_convention=database.CONSTRAINT_NAMES)

users = sa.Table(
    "users",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("has_had_sample", sa.Boolean, nullable=False),
    sa.Column(
        "ends_at", sa.DateTime(timezone=True), index=True
    ),  # when a guest's session expires; null for other users
)

memberships = sa.Table(
    "memberships",
    metadata,
    sa.Column("user_id", sa.ForeignKey(users.c.id, ondelete="CASCADE"), primary_key=True),
    sa.Column("matter_id", sa.String(32), primary_key=True, index=True),
)

conversations = sa.Table(
    "conversations",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("matter_id", sa.String(32), nullable=False, index=True),
    sa.Column("user_id", sa.ForeignKey(users.c.id, ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("title", sa.String(255), nullable=False),
    sa.Column("scope", sa.JSON(none_as_null=True)),  # ids of the selected documents; null for the whole matter
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
)

turns = sa.Table(
    "turns",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("conversation_id", sa.ForeignKey(conversations.c.id, ondelete="CASCADE"), nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("question", sa.Text, nullable=False),
    sa.Column("answer", sa.JSON, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("rating", sa.SmallInteger),
    sa.UniqueConstraint("conversation_id", "position"),
)

# Rows refer to nothing, so that they outlive whom and what they tell of; `store.audit` alone writes them. Times and
# details are text: a digest is taken over these characters.
audit = sa.Table(
    "audit",
    metadata,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", sa.String(32), nullable=False, index=True),
    sa.Column("user_id", sa.String(64), nullable=False),
    sa.Column("user_name", sa.String(255), nullable=False),
    sa.Column("matter_id", sa.String(32), nullable=False),  # "" for what is done in none
    sa.Column("matter_name", sa.String(255), nullable=False),
    sa.Column("act", sa.String(32), nullable=False),
    sa.Column("object", sa.String(64), nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("previous", sa.String(64), nullable=False),  # the digest of the row before
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Index(None, "matter_id", "seq"),
)
