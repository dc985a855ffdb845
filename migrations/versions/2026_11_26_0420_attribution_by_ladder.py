"""Attribution by ladder: policies, coupons, credits, remembered customers. Every credit there was becomes a row."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_26_0420"
down_revision = "2026_11_22_0705"
branch_labels = None
depends_on = None

# Until now each credited order had exactly one credit, by its click.
CREDITS_THERE_WERE = """
INSERT INTO credits (conversion_id, position, source, community_id, curator_id, link_id, enrollment_id, split_id,
  weight_bps, clicked_at, estimate_minor, created_at)
SELECT id, 0, 'token', community_id, curator_id, link_id, enrollment_id, split_id,
  10000, clicked_at, community_estimate_minor, updated_at
FROM conversions WHERE terms_id IS NOT NULL
"""


def upgrade() -> None:
    op.create_table('attribution_policies',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('programme_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('valid_from', sa.DateTime(timezone=True), nullable=False),
    sa.Column('model', sa.Enum('last_click', 'first_click', 'position', 'linear', 'time_decay', name='attributionmodel_known', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('ladder', sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), 'postgresql'), nullable=False),
    sa.Column('coupon_rule', sa.Enum('click_wins', 'coupon_wins', 'fresh_click_wins', name='couponrule_known', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.String(length=80), nullable=False),
    sa.ForeignKeyConstraint(['programme_id'], ['programmes.id'], name=op.f('fk_attribution_policies_programme_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_attribution_policies')),
    sa.UniqueConstraint('programme_id', 'version', name=op.f('uq_attribution_policies_programme_id_version'))
    )
    op.create_table('coupons',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('merchant_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('code', sa.String(length=40), nullable=False),
    sa.Column('code_key', sa.String(length=80), nullable=False),
    sa.Column('community_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('curator_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('valid_from', sa.DateTime(timezone=True), nullable=False),
    sa.Column('valid_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.String(length=80), nullable=False),
    sa.CheckConstraint('valid_until IS NULL OR valid_until > valid_from', name=op.f('ck_coupons_ends_after_it_begins')),
    sa.ForeignKeyConstraint(['community_id'], ['communities.id'], name=op.f('fk_coupons_community_id')),
    sa.ForeignKeyConstraint(['curator_id'], ['curators.id'], name=op.f('fk_coupons_curator_id')),
    sa.ForeignKeyConstraint(['merchant_id'], ['merchants.id'], name=op.f('fk_coupons_merchant_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_coupons'))
    )
    op.create_index('ix_coupons_community_id', 'coupons', ['community_id'], unique=False)
    op.create_index('ix_coupons_merchant_code_key', 'coupons', ['merchant_id', 'code_key'], unique=False)

    op.create_table('customer_clicks',
    sa.Column('merchant_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('customer_key', sa.String(length=32), nullable=False),
    sa.Column('clicked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('nonce', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('link_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['link_id'], ['tracking_links.id'], name=op.f('fk_customer_clicks_link_id')),
    sa.ForeignKeyConstraint(['merchant_id'], ['merchants.id'], name=op.f('fk_customer_clicks_merchant_id')),
    sa.PrimaryKeyConstraint('merchant_id', 'customer_key', 'clicked_at', 'nonce', name=op.f('pk_customer_clicks'))
    )
    op.create_table('credits',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('conversion_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('position', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('source', sa.String(length=12), nullable=False),
    sa.Column('community_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('curator_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('link_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('enrollment_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('split_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('weight_bps', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('reason', sa.String(length=40), nullable=True),
    sa.Column('clicked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('estimate_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('withdrawn_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint('(weight_bps = 0) = (reason IS NOT NULL)', name=op.f('ck_credits_loser_has_reason')),
    sa.CheckConstraint('weight_bps = 0 OR split_id IS NOT NULL', name=op.f('ck_credits_winner_has_split')),
    sa.CheckConstraint('weight_bps BETWEEN 0 AND 10000', name=op.f('ck_credits_weight_sane')),
    sa.ForeignKeyConstraint(['community_id'], ['communities.id'], name=op.f('fk_credits_community_id')),
    sa.ForeignKeyConstraint(['conversion_id'], ['conversions.id'], name=op.f('fk_credits_conversion_id')),
    sa.ForeignKeyConstraint(['curator_id'], ['curators.id'], name=op.f('fk_credits_curator_id')),
    sa.ForeignKeyConstraint(['enrollment_id'], ['enrollments.id'], name=op.f('fk_credits_enrollment_id')),
    sa.ForeignKeyConstraint(['link_id'], ['tracking_links.id'], name=op.f('fk_credits_link_id')),
    sa.ForeignKeyConstraint(['split_id'], ['splits.id'], name=op.f('fk_credits_split_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_credits'))
    )
    op.create_index('ix_credits_community_conversion', 'credits', ['community_id', 'conversion_id'], unique=False)
    op.create_index('ix_credits_link_id', 'credits', ['link_id'], unique=False)
    op.create_index('uq_credits_in_force', 'credits', ['conversion_id', 'position'], unique=True, sqlite_where=sa.text('withdrawn_at IS NULL'), postgresql_where=sa.text('withdrawn_at IS NULL'))


    op.add_column('conversions', sa.Column('customer_key', sa.String(length=32), nullable=True))
    op.create_index('ix_conversions_customer', 'conversions', ['customer_key', 'merchant_id'], unique=False, sqlite_where=sa.text('customer_key IS NOT NULL'), postgresql_where=sa.text('customer_key IS NOT NULL'))
    op.add_column('orders', sa.Column('reference', sa.String(length=80), nullable=True))
    op.execute(CREDITS_THERE_WERE)


def downgrade() -> None:
    op.drop_column('orders', 'reference')
    op.drop_index('ix_conversions_customer', 'conversions')
    op.drop_column('conversions', 'customer_key')
    op.drop_table('credits')
    op.drop_table('customer_clicks')
    op.drop_table('coupons')
    op.drop_table('attribution_policies')
