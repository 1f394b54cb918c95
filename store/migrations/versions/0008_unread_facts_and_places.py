"""Facts that nothing reads are counted, and held cells know where they stood in their file."""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "intake", sa.Column("unread", postgresql.JSONB(), server_default="{}", nullable=False)
    )
    op.add_column("held_row", sa.Column("places", postgresql.JSONB(), nullable=True))
