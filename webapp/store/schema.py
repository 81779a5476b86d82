"""SQL schema of people, their matters and their conversations. `migrations/` creates it; a test compares the two.

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
    sa.Column("email", sa.String(255), unique=True, index=True),  # case-folded; of people with an account
    sa.Column("password_hash", sa.Text),  # Argon2; null for those who sign in elsewhere
    sa.Column("administrator", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("disabled_at", sa.DateTime(timezone=True)),  # since when they may sign in and see nothing
    sa.Column("created_at", sa.DateTime(timezone=True)),
)

# Browsers in which someone is signed in.
sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("token_hash", sa.String(64), primary_key=True),  # SHA-256: who reads the database cannot sign in with it
    sa.Column("user_id", sa.ForeignKey(users.c.id, ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),  # by an act of the person, to within a minute
    sa.Column("id_token", sa.Text),  # of single sign-on, to sign out there too
)

# One-time links with which a person sets a password: an invitation, or a reset.
password_links = sa.Table(
    "password_links",
    metadata,
    sa.Column("user_id", sa.ForeignKey(users.c.id, ondelete="CASCADE"), primary_key=True),
    sa.Column("token_hash", sa.String(64), nullable=False, unique=True),
    sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
)

# Who someone is at a provider of single sign-on.
identities = sa.Table(
    "identities",
    metadata,
    sa.Column("issuer", sa.String(255), primary_key=True),
    sa.Column("subject", sa.String(255), primary_key=True),
    sa.Column("user_id", sa.ForeignKey(users.c.id, ondelete="CASCADE"), nullable=False, index=True),
)

memberships = sa.Table(
    "memberships",
    metadata,
    sa.Column("user_id", sa.ForeignKey(users.c.id, ondelete="CASCADE"), primary_key=True),
    sa.Column("matter_id", sa.String(32), primary_key=True, index=True),
    sa.Column("role", sa.String(8), nullable=False, server_default=sa.text("'owner'")),  # `roles.Role`
)

groups = sa.Table(
    "groups",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("name", sa.String(255), nullable=False, unique=True),
)

group_members = sa.Table(
    "group_members",
    metadata,
    sa.Column("group_id", sa.ForeignKey(groups.c.id, ondelete="CASCADE"), primary_key=True),
    sa.Column("user_id", sa.ForeignKey(users.c.id, ondelete="CASCADE"), primary_key=True, index=True),
)

# The matters that each member of a group may see, and in which role.
group_matters = sa.Table(
    "group_matters",
    metadata,
    sa.Column("group_id", sa.ForeignKey(groups.c.id, ondelete="CASCADE"), primary_key=True),
    sa.Column("matter_id", sa.String(32), primary_key=True, index=True),
    sa.Column("role", sa.String(8), nullable=False),
)

# Who is kept out of a matter, whatever group they are in (ethical wall).
walls = sa.Table(
    "walls",
    metadata,
    sa.Column("matter_id", sa.String(32), primary_key=True),
    sa.Column("user_id", sa.ForeignKey(users.c.id, ondelete="CASCADE"), primary_key=True, index=True),
)

# Of the matters of which something is set; the others are active, kept without end and on no hold.
matter_settings = sa.Table(
    "matter_settings",
    metadata,
    sa.Column("matter_id", sa.String(32), primary_key=True),
    sa.Column("archived", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("archived_at", sa.DateTime(timezone=True)),  # when the sweeper first found it archived
    sa.Column("retention_days", sa.Integer),  # after which its conversations are deleted
    sa.Column("legal_hold", sa.Boolean, nullable=False, server_default=sa.false()),  # nothing of it may be deleted
)

# Documents that are kept out of exports.
privileged = sa.Table(
    "privileged",
    metadata,
    sa.Column("matter_id", sa.String(32), primary_key=True),
    sa.Column("document_id", sa.String(64), primary_key=True),
)

# What nobody sees any more and is deleted when its time is over; until that has `begun` it can be undone.
removals = sa.Table(
    "removals",
    metadata,
    sa.Column("matter_id", sa.String(32), primary_key=True),
    sa.Column("kind", sa.String(16), primary_key=True),  # `removals.Kind`
    sa.Column("object_id", sa.String(64), primary_key=True),
    sa.Column("id", sa.String(32), nullable=False, index=True),  # of what was removed together
    sa.Column("user_id", sa.String(64), nullable=False),  # who removed it
    sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("begun", sa.Boolean, nullable=False),
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
    sa.Column("shared_at", sa.DateTime(timezone=True)),  # since when all of the matter read it; null: its user alone
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

# What people write beside a passage of a document, [first, last) of its text of that version.
notes = sa.Table(
    "notes",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("matter_id", sa.String(32), nullable=False),
    sa.Column("document_id", sa.String(64), nullable=False),
    sa.Column("user_id", sa.ForeignKey(users.c.id, ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("text_version", sa.Integer, nullable=False),
    sa.Column("first", sa.Integer, nullable=False),
    sa.Column("last", sa.Integer, nullable=False),
    sa.Column("words", sa.Text, nullable=False),
    sa.Column("shared", sa.Boolean, nullable=False, server_default=sa.false()),  # with all who may read the matter
    sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
    sa.Index(None, "matter_id", "document_id"),
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

# Tables with rows of a matter, which go with it.
OF_MATTERS = (memberships, group_matters, walls, matter_settings, privileged, removals, conversations, notes)
