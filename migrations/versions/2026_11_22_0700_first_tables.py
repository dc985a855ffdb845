"""The tables of every room."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_22_0700"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('api_keys',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('prefix', sa.String(length=16), nullable=False),
    sa.Column('secret_hash', sa.String(length=64), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.String(length=80), nullable=False),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_api_keys')),
    sa.UniqueConstraint('secret_hash', name=op.f('uq_api_keys_secret_hash'))
    )
    op.create_table('audit_entries',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('actor', sa.String(length=80), nullable=False),
    sa.Column('action', sa.String(length=60), nullable=False),
    sa.Column('subject_kind', sa.String(length=40), nullable=False),
    sa.Column('subject_id', sa.String(length=80), nullable=False),
    sa.Column('detail', sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), 'postgresql'), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_audit_entries'))
    )
    with op.batch_alter_table('audit_entries', schema=None) as batch_op:
        batch_op.create_index('ix_audit_entries_subject', ['subject_kind', 'subject_id'], unique=False)

    op.create_table('booking_marks',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('settled_event_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('seen_event_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('seen_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('horizon', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.CheckConstraint('id = 1', name=op.f('ck_booking_marks_one_row')),
    sa.CheckConstraint('settled_event_id <= seen_event_id', name=op.f('ck_booking_marks_settled_was_seen')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_booking_marks'))
    )
    op.create_table('communities',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('slug', sa.String(length=60), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_communities')),
    sa.UniqueConstraint('slug', name=op.f('uq_communities_slug'))
    )
    op.create_table('idempotency_keys',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('caller', sa.String(length=80), nullable=False),
    sa.Column('key', sa.String(length=255), nullable=False),
    sa.Column('request_hash', sa.String(length=64), nullable=False),
    sa.Column('claimed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('status', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('answer', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_idempotency_keys')),
    sa.UniqueConstraint('caller', 'key', name=op.f('uq_idempotency_keys_caller_key'))
    )
    op.create_table('ledger_accounts',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('name', sa.String(length=40), nullable=False),
    sa.Column('owner', sa.String(length=40), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('kind', sa.Enum('asset', 'liability', 'income', 'expense', name='accountkind_known', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_ledger_accounts')),
    sa.UniqueConstraint('name', 'owner', 'currency', name=op.f('uq_ledger_accounts_name_owner_currency'))
    )
    op.create_table('ledger_entries',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('source', sa.String(length=80), nullable=False),
    sa.Column('text', sa.String(length=200), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('occurred_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('sealed_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_ledger_entries')),
    sa.UniqueConstraint('source', name=op.f('uq_ledger_entries_source'))
    )
    op.create_table('merchants',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('slug', sa.String(length=60), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('shop_url', sa.String(length=500), nullable=False),
    sa.Column('allowed_hosts', sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), 'postgresql'), nullable=False),
    sa.Column('click_param', sa.String(length=40), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_merchants')),
    sa.UniqueConstraint('slug', name=op.f('uq_merchants_slug'))
    )
    op.create_table('payout_accounts',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('owner', sa.String(length=40), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('rail', sa.String(length=20), nullable=False),
    sa.Column('holder_name', sa.String(length=120), nullable=False),
    sa.Column('bank_code', sa.String(length=20), nullable=False),
    sa.Column('account_number', sa.String(length=40), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.String(length=80), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_payout_accounts'))
    )
    with op.batch_alter_table('payout_accounts', schema=None) as batch_op:
        batch_op.create_index('ix_payout_accounts_owner', ['owner', 'currency'], unique=False)

    op.create_table('payout_runs',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('cutoff', sa.DateTime(timezone=True), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('minimum_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('status', sa.Enum('draft', 'approved', 'submitted', 'closed', 'cancelled', name='runstatus_known', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('total_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('made_by', sa.String(length=80), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('approved_by', sa.String(length=80), nullable=True),
    sa.Column('approved_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('submitted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint('approved_by IS NULL OR approved_by <> made_by', name=op.f('ck_payout_runs_four_eyes')),
    sa.CheckConstraint('minimum_minor >= 0', name=op.f('ck_payout_runs_minimum_sane')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_payout_runs'))
    )
    op.create_table('spool_progress',
    sa.Column('file', sa.String(length=120), nullable=False),
    sa.Column('offset_bytes', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('loaded', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('set_aside', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('file', name=op.f('pk_spool_progress'))
    )
    op.create_table('users',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('email', sa.String(length=254), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('password_hash', sa.String(length=200), nullable=True),
    sa.Column('locale', sa.String(length=5), nullable=True),
    sa.Column('is_active', sa.Boolean(), nullable=False),
    sa.Column('is_demo', sa.Boolean(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_users')),
    sa.UniqueConstraint('email', name=op.f('uq_users_email'))
    )
    op.create_table('brand_images',
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('community_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('content_type', sa.String(length=40), nullable=False),
    sa.Column('width', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('height', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('body', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['community_id'], ['communities.id'], name=op.f('fk_brand_images_community_id')),
    sa.PrimaryKeyConstraint('sha256', name=op.f('pk_brand_images'))
    )
    with op.batch_alter_table('brand_images', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_brand_images_community_id'), ['community_id'], unique=False)

    op.create_table('brands',
    sa.Column('community_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('accent', sa.String(length=7), nullable=False),
    sa.Column('corners', sa.String(length=10), nullable=False),
    sa.Column('symbol', sa.String(length=16), nullable=False),
    sa.Column('tagline', sa.String(length=200), nullable=False),
    sa.Column('words', sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), 'postgresql'), nullable=False),
    sa.Column('logo_sha256', sa.String(length=64), nullable=True),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['community_id'], ['communities.id'], name=op.f('fk_brands_community_id')),
    sa.PrimaryKeyConstraint('community_id', name=op.f('pk_brands'))
    )
    op.create_table('catalogue_uploads',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('merchant_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('filename', sa.String(length=255), nullable=False),
    sa.Column('path', sa.String(length=500), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('size_bytes', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('format', sa.Enum('google_xml', 'google_tsv', 'google_csv', 'shopify_csv', 'plain_csv', name='format_known', native_enum=False, create_constraint=True, length=24), nullable=True),
    sa.Column('mode', sa.Enum('full', 'delta', name='uploadmode_known', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('mapping', sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), 'postgresql'), nullable=False),
    sa.Column('preview', sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), 'postgresql'), nullable=False),
    sa.Column('stage', sa.Enum('received', 'reading', 'merging', 'done', 'failed', name='uploadstage_known', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('position', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('bytes_read', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('rows_total', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('rows_ok', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('rows_failed', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('rows_skipped', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('created', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('changed', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('withdrawn', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('failure', sa.String(length=60), nullable=True),
    sa.Column('failure_detail', sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), 'postgresql'), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_by', sa.String(length=80), nullable=False),
    sa.Column('attempts', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('lease_until', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['merchant_id'], ['merchants.id'], name=op.f('fk_catalogue_uploads_merchant_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_catalogue_uploads'))
    )
    with op.batch_alter_table('catalogue_uploads', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_catalogue_uploads_merchant_id'), ['merchant_id'], unique=False)
        batch_op.create_index('ix_catalogue_uploads_stage', ['stage'], unique=False)

    op.create_table('collections',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('community_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('slug', sa.String(length=60), nullable=False),
    sa.Column('title', sa.String(length=120), nullable=False),
    sa.Column('intro', sa.Text(), nullable=False),
    sa.Column('position', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('status', sa.Enum('draft', 'published', name='collectionstatus_known', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('published_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['community_id'], ['communities.id'], name=op.f('fk_collections_community_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_collections')),
    sa.UniqueConstraint('community_id', 'slug', name=op.f('uq_collections_community_id_slug'))
    )
    op.create_table('curators',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('community_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('handle', sa.String(length=60), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['community_id'], ['communities.id'], name=op.f('fk_curators_community_id')),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_curators_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_curators')),
    sa.UniqueConstraint('community_id', 'handle', name=op.f('uq_curators_community_id_handle'))
    )
    with op.batch_alter_table('curators', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_curators_user_id'), ['user_id'], unique=False)

    op.create_table('deliveries',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('merchant_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.Enum('standard', 'shopify', 'woocommerce', 'adobe', name='webhookkind_known', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('delivery_id', sa.String(length=200), nullable=False),
    sa.Column('topic', sa.String(length=80), nullable=False),
    sa.Column('headers', sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), 'postgresql'), nullable=False),
    sa.Column('body', sa.LargeBinary(), nullable=False),
    sa.Column('body_sha256', sa.String(length=64), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('repeats', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('status', sa.Enum('received', 'retry', 'worked', 'parked', name='deliverystatus_known', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('verdict', sa.Enum('accepted', 'repeat', 'stale', 'unreadable', 'ignored', name='verdict_known', native_enum=False, create_constraint=True, length=24), nullable=True),
    sa.Column('reason', sa.String(length=60), nullable=True),
    sa.Column('reason_field', sa.String(length=200), nullable=True),
    sa.Column('error', sa.Text(), nullable=True),
    sa.Column('order_ref', sa.String(length=120), nullable=True),
    sa.Column('attempts', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('next_try_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('lease_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('worked_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['merchant_id'], ['merchants.id'], name=op.f('fk_deliveries_merchant_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_deliveries')),
    sa.UniqueConstraint('merchant_id', 'kind', 'delivery_id', name=op.f('uq_deliveries_merchant_id_kind_delivery_id'))
    )
    with op.batch_alter_table('deliveries', schema=None) as batch_op:
        batch_op.create_index('ix_deliveries_merchant_order', ['merchant_id', 'order_ref'], unique=False)
        batch_op.create_index('ix_deliveries_status_next_try', ['status', 'next_try_at'], unique=False)

    op.create_table('grants',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('api_key_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('role', sa.Enum('community_owner', 'curator', 'merchant_staff', 'finance_maker', 'finance_approver', 'admin', name='role_known', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('scope_kind', sa.String(length=12), nullable=False),
    sa.Column('scope_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("(scope_kind = 'platform') = (scope_id IS NULL)", name=op.f('ck_grants_scope_has_id')),
    sa.CheckConstraint('(user_id IS NULL) <> (api_key_id IS NULL)', name=op.f('ck_grants_one_holder')),
    sa.ForeignKeyConstraint(['api_key_id'], ['api_keys.id'], name=op.f('fk_grants_api_key_id')),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_grants_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_grants')),
    sa.UniqueConstraint('user_id', 'role', 'scope_kind', 'scope_id', name=op.f('uq_grants_user_id_role_scope_kind_scope_id'))
    )
    with op.batch_alter_table('grants', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_grants_api_key_id'), ['api_key_id'], unique=False)
        batch_op.create_index('ix_grants_scope', ['scope_kind', 'scope_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_grants_user_id'), ['user_id'], unique=False)

    op.create_table('orders',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('merchant_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('ref', sa.String(length=120), nullable=False),
    sa.Column('status', sa.Enum('placed', 'paid', 'completed', 'cancelled', name='orderstatus_known', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('placed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('completed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('completed_seen_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('cancelled_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('version', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('click_token', sa.String(length=80), nullable=True),
    sa.Column('coupon', sa.String(length=80), nullable=True),
    sa.Column('customer_ref', sa.String(length=120), nullable=True),
    sa.Column('customer_is_new', sa.Boolean(), nullable=True),
    sa.Column('is_test', sa.Boolean(), nullable=False),
    sa.Column('shipping_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('total_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('net_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('refunded_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('state_hash', sa.String(length=64), nullable=False),
    sa.Column('first_seen_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['merchant_id'], ['merchants.id'], name=op.f('fk_orders_merchant_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_orders')),
    sa.UniqueConstraint('merchant_id', 'ref', name=op.f('uq_orders_merchant_id_ref'))
    )
    with op.batch_alter_table('orders', schema=None) as batch_op:
        batch_op.create_index('ix_orders_placed_at', ['placed_at'], unique=False)

    op.create_table('payouts',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('run_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('owner', sa.String(length=40), nullable=False),
    sa.Column('role', sa.String(length=24), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('amount_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('payee', sa.String(length=200), nullable=False),
    sa.Column('status', sa.Enum('planned', 'approved', 'submitting', 'sent', 'paid', 'failed', 'returned', 'unknown', 'cancelled', name='payoutstatus_known', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('rail', sa.String(length=20), nullable=False),
    sa.Column('reference', sa.String(length=120), nullable=False),
    sa.Column('settled_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint('amount_minor > 0', name=op.f('ck_payouts_is_positive')),
    sa.ForeignKeyConstraint(['run_id'], ['payout_runs.id'], name=op.f('fk_payouts_run_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_payouts')),
    sa.UniqueConstraint('run_id', 'owner', name=op.f('uq_payouts_run_id_owner'))
    )
    with op.batch_alter_table('payouts', schema=None) as batch_op:
        batch_op.create_index('uq_payouts_one_open', ['owner', 'currency'], unique=True, postgresql_where=sa.text("status IN ('planned', 'approved', 'submitting', 'unknown')"), sqlite_where=sa.text("status IN ('planned', 'approved', 'submitting', 'unknown')"))

    op.create_table('postings',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('entry_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('account_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('amount_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('available_on', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint('amount_minor <> 0', name=op.f('ck_postings_moves_money')),
    sa.ForeignKeyConstraint(['account_id'], ['ledger_accounts.id'], name=op.f('fk_postings_account_id')),
    sa.ForeignKeyConstraint(['entry_id'], ['ledger_entries.id'], name=op.f('fk_postings_entry_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_postings'))
    )
    with op.batch_alter_table('postings', schema=None) as batch_op:
        batch_op.create_index('ix_postings_account_available', ['account_id', 'available_on'], unique=False)
        batch_op.create_index(batch_op.f('ix_postings_entry_id'), ['entry_id'], unique=False)

    op.create_table('products',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('merchant_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('sku', sa.String(length=120), nullable=False),
    sa.Column('group_key', sa.String(length=200), nullable=True),
    sa.Column('title', sa.String(length=500), nullable=False),
    sa.Column('description', sa.Text(), nullable=False),
    sa.Column('url', sa.String(length=2000), nullable=False),
    sa.Column('image_url', sa.String(length=2000), nullable=True),
    sa.Column('brand', sa.String(length=200), nullable=True),
    sa.Column('category', sa.String(length=500), nullable=True),
    sa.Column('gtin', sa.String(length=20), nullable=True),
    sa.Column('price_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('sale_price_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('availability', sa.Enum('in_stock', 'out_of_stock', 'preorder', 'backorder', name='availability_known', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('status', sa.Enum('listed', 'withdrawn', name='productstatus_known', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('content_hash', sa.String(length=64), nullable=False),
    sa.Column('search_text', sa.Text(), nullable=False),
    sa.Column('first_seen_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('last_upload_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.CheckConstraint('price_minor >= 0', name=op.f('ck_products_price_sane')),
    sa.ForeignKeyConstraint(['merchant_id'], ['merchants.id'], name=op.f('fk_products_merchant_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_products')),
    sa.UniqueConstraint('merchant_id', 'sku', name=op.f('uq_products_merchant_id_sku'))
    )
    with op.batch_alter_table('products', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_products_changed_at'), ['changed_at'], unique=False)
        batch_op.create_index('ix_products_merchant_status', ['merchant_id', 'status'], unique=False)

    op.create_table('programmes',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('merchant_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('window_days', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('hold_days', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('payable_when', sa.Enum('held', 'funded', name='payablewhen_known', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('timezone', sa.String(length=60), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('hold_days BETWEEN 0 AND 365', name=op.f('ck_programmes_hold_days_sane')),
    sa.CheckConstraint('window_days BETWEEN 1 AND 365', name=op.f('ck_programmes_window_days_sane')),
    sa.ForeignKeyConstraint(['merchant_id'], ['merchants.id'], name=op.f('fk_programmes_merchant_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_programmes'))
    )
    with op.batch_alter_table('programmes', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_programmes_merchant_id'), ['merchant_id'], unique=False)

    op.create_table('receipts',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('merchant_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('amount_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('reference', sa.String(length=120), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('recorded_by', sa.String(length=80), nullable=False),
    sa.CheckConstraint('amount_minor > 0', name=op.f('ck_receipts_is_positive')),
    sa.ForeignKeyConstraint(['merchant_id'], ['merchants.id'], name=op.f('fk_receipts_merchant_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_receipts')),
    sa.UniqueConstraint('merchant_id', 'reference', name=op.f('uq_receipts_merchant_id_reference'))
    )
    op.create_table('run_left_out',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('run_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('owner', sa.String(length=40), nullable=False),
    sa.Column('reason', sa.Enum('below_minimum', 'held', 'not_funded', 'debt', 'open_payout', name='reason_known', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('amount_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['run_id'], ['payout_runs.id'], name=op.f('fk_run_left_out_run_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_run_left_out')),
    sa.UniqueConstraint('run_id', 'owner', name=op.f('uq_run_left_out_run_id_owner'))
    )
    op.create_table('saved_mappings',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('merchant_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('headings_hash', sa.String(length=64), nullable=False),
    sa.Column('mapping', sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), 'postgresql'), nullable=False),
    sa.Column('saved_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['merchant_id'], ['merchants.id'], name=op.f('fk_saved_mappings_merchant_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_saved_mappings')),
    sa.UniqueConstraint('merchant_id', 'headings_hash', name=op.f('uq_saved_mappings_merchant_id_headings_hash'))
    )
    op.create_table('user_sessions',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('user_agent', sa.String(length=200), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_user_sessions_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_user_sessions')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_user_sessions_token_hash'))
    )
    with op.batch_alter_table('user_sessions', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_user_sessions_user_id'), ['user_id'], unique=False)

    op.create_table('webhook_keys',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('merchant_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.Enum('standard', 'shopify', 'woocommerce', 'adobe', name='webhookkind_known', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('secret', sa.String(length=200), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['merchant_id'], ['merchants.id'], name=op.f('fk_webhook_keys_merchant_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_webhook_keys'))
    )
    with op.batch_alter_table('webhook_keys', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_webhook_keys_merchant_id'), ['merchant_id'], unique=False)

    op.create_table('enrollments',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('programme_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('community_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('enrolled_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['community_id'], ['communities.id'], name=op.f('fk_enrollments_community_id')),
    sa.ForeignKeyConstraint(['programme_id'], ['programmes.id'], name=op.f('fk_enrollments_programme_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_enrollments')),
    sa.UniqueConstraint('programme_id', 'community_id', name=op.f('uq_enrollments_programme_id_community_id'))
    )
    with op.batch_alter_table('enrollments', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_enrollments_community_id'), ['community_id'], unique=False)

    op.create_table('order_events',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('merchant_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('order_ref', sa.String(length=120), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('kind', sa.String(length=30), nullable=False),
    sa.Column('version', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('occurred_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('content', sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), 'postgresql'), nullable=False),
    sa.Column('delivery_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['delivery_id'], ['deliveries.id'], name=op.f('fk_order_events_delivery_id')),
    sa.ForeignKeyConstraint(['merchant_id'], ['merchants.id'], name=op.f('fk_order_events_merchant_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_order_events')),
    sa.UniqueConstraint('merchant_id', 'order_ref', 'digest', name=op.f('uq_order_events_merchant_id_order_ref_digest'))
    )
    with op.batch_alter_table('order_events', schema=None) as batch_op:
        batch_op.create_index('ix_order_events_delivery', ['delivery_id'], unique=False)

    op.create_table('order_lines',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('order_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('line_ref', sa.String(length=120), nullable=False),
    sa.Column('position', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('sku', sa.String(length=120), nullable=True),
    sa.Column('title', sa.String(length=500), nullable=True),
    sa.Column('category', sa.String(length=500), nullable=True),
    sa.Column('brand', sa.String(length=200), nullable=True),
    sa.Column('quantity', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('refunded_quantity', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('unit_price_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('discount_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('tax_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('net_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('refunded_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['order_id'], ['orders.id'], name=op.f('fk_order_lines_order_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_order_lines')),
    sa.UniqueConstraint('order_id', 'line_ref', name=op.f('uq_order_lines_order_id_line_ref'))
    )
    op.create_table('order_refunds',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('order_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('refund_ref', sa.String(length=120), nullable=False),
    sa.Column('amount_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('lines', sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), 'postgresql'), nullable=False),
    sa.Column('occurred_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['order_id'], ['orders.id'], name=op.f('fk_order_refunds_order_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_order_refunds')),
    sa.UniqueConstraint('order_id', 'refund_ref', name=op.f('uq_order_refunds_order_id_refund_ref'))
    )
    op.create_table('payout_attempts',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('payout_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('key', sa.String(length=80), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('claimed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('outcome', sa.String(length=24), nullable=True),
    sa.Column('detail', sa.String(length=300), nullable=False),
    sa.ForeignKeyConstraint(['payout_id'], ['payouts.id'], name=op.f('fk_payout_attempts_payout_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_payout_attempts')),
    sa.UniqueConstraint('key', name=op.f('uq_payout_attempts_key')),
    sa.UniqueConstraint('payout_id', 'number', name=op.f('uq_payout_attempts_payout_id_number'))
    )
    op.create_table('staged_products',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('upload_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('line', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('sku', sa.String(length=120), nullable=False),
    sa.Column('group_key', sa.String(length=200), nullable=True),
    sa.Column('title', sa.String(length=500), nullable=False),
    sa.Column('description', sa.Text(), nullable=False),
    sa.Column('url', sa.String(length=2000), nullable=False),
    sa.Column('image_url', sa.String(length=2000), nullable=True),
    sa.Column('brand', sa.String(length=200), nullable=True),
    sa.Column('category', sa.String(length=500), nullable=True),
    sa.Column('gtin', sa.String(length=20), nullable=True),
    sa.Column('price_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('sale_price_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('availability', sa.String(length=24), nullable=False),
    sa.Column('content_hash', sa.String(length=64), nullable=False),
    sa.Column('search_text', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['upload_id'], ['catalogue_uploads.id'], name=op.f('fk_staged_products_upload_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_staged_products')),
    sa.UniqueConstraint('upload_id', 'sku', name=op.f('uq_staged_products_upload_id_sku'))
    )
    op.create_table('terms',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('programme_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('valid_from', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.String(length=80), nullable=False),
    sa.ForeignKeyConstraint(['programme_id'], ['programmes.id'], name=op.f('fk_terms_programme_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_terms')),
    sa.UniqueConstraint('programme_id', 'version', name=op.f('uq_terms_programme_id_version'))
    )
    op.create_table('tracking_links',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('code', sa.String(length=20), nullable=False),
    sa.Column('community_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('merchant_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('product_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('target_url', sa.String(length=2000), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('withdrawn_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint('(product_id IS NULL) <> (target_url IS NULL)', name=op.f('ck_tracking_links_one_target')),
    sa.ForeignKeyConstraint(['community_id'], ['communities.id'], name=op.f('fk_tracking_links_community_id')),
    sa.ForeignKeyConstraint(['merchant_id'], ['merchants.id'], name=op.f('fk_tracking_links_merchant_id')),
    sa.ForeignKeyConstraint(['product_id'], ['products.id'], name=op.f('fk_tracking_links_product_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_tracking_links')),
    sa.UniqueConstraint('code', name=op.f('uq_tracking_links_code'))
    )
    with op.batch_alter_table('tracking_links', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_tracking_links_community_id'), ['community_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_tracking_links_merchant_id'), ['merchant_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_tracking_links_product_id'), ['product_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_tracking_links_withdrawn_at'), ['withdrawn_at'], unique=False)

    op.create_table('upload_row_errors',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('upload_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('line', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('column', sa.String(length=120), nullable=False),
    sa.Column('value', sa.String(length=500), nullable=False),
    sa.Column('code', sa.String(length=60), nullable=False),
    sa.Column('sku', sa.String(length=120), nullable=False),
    sa.ForeignKeyConstraint(['upload_id'], ['catalogue_uploads.id'], name=op.f('fk_upload_row_errors_upload_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_upload_row_errors'))
    )
    with op.batch_alter_table('upload_row_errors', schema=None) as batch_op:
        batch_op.create_index('ix_upload_row_errors_upload_line', ['upload_id', 'line'], unique=False)
        batch_op.create_index('ix_upload_row_errors_upload_sku', ['upload_id', 'sku'], unique=False)

    op.create_table('clicks',
    sa.Column('clicked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('nonce', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('link_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('community_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('merchant_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('visitor', sa.String(length=32), nullable=False),
    sa.Column('referrer_host', sa.String(length=255), nullable=True),
    sa.Column('device', sa.String(length=12), nullable=False),
    sa.Column('is_qualified', sa.Boolean(), nullable=False),
    sa.Column('reason', sa.String(length=24), nullable=True),
    sa.ForeignKeyConstraint(['community_id'], ['communities.id'], name=op.f('fk_clicks_community_id')),
    sa.ForeignKeyConstraint(['link_id'], ['tracking_links.id'], name=op.f('fk_clicks_link_id')),
    sa.ForeignKeyConstraint(['merchant_id'], ['merchants.id'], name=op.f('fk_clicks_merchant_id')),
    sa.PrimaryKeyConstraint('clicked_at', 'nonce', name=op.f('pk_clicks'))
    )
    with op.batch_alter_table('clicks', schema=None) as batch_op:
        batch_op.create_index('ix_clicks_community_clicked_at', ['community_id', 'clicked_at'], unique=False)
        batch_op.create_index('ix_clicks_link_visitor', ['link_id', 'visitor', 'clicked_at'], unique=False)
        batch_op.create_index('ix_clicks_merchant_clicked_at', ['merchant_id', 'clicked_at'], unique=False)

    op.create_table('picks',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('community_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('collection_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('product_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('curator_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('link_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('note', sa.String(length=500), nullable=False),
    sa.Column('position', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.String(length=80), nullable=False),
    sa.Column('withdrawn_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['collection_id'], ['collections.id'], name=op.f('fk_picks_collection_id')),
    sa.ForeignKeyConstraint(['community_id'], ['communities.id'], name=op.f('fk_picks_community_id')),
    sa.ForeignKeyConstraint(['curator_id'], ['curators.id'], name=op.f('fk_picks_curator_id')),
    sa.ForeignKeyConstraint(['link_id'], ['tracking_links.id'], name=op.f('fk_picks_link_id')),
    sa.ForeignKeyConstraint(['product_id'], ['products.id'], name=op.f('fk_picks_product_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_picks'))
    )
    with op.batch_alter_table('picks', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_picks_community_id'), ['community_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_picks_curator_id'), ['curator_id'], unique=False)
        batch_op.create_index('ix_picks_link_id', ['link_id'], unique=True)
        batch_op.create_index(batch_op.f('ix_picks_product_id'), ['product_id'], unique=False)
        batch_op.create_index('uq_picks_shown_once', ['collection_id', 'product_id'], unique=True, postgresql_where=sa.text('withdrawn_at IS NULL'), sqlite_where=sa.text('withdrawn_at IS NULL'))

    op.create_table('rates',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('terms_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('position', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('scope', sa.Enum('all', 'category', 'brand', 'sku', name='ratescope_known', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('match', sa.String(length=200), nullable=True),
    sa.Column('kind', sa.Enum('percent', 'per_item', 'per_order', name='ratekind_known', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('rate_bps', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('amount_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('currency', sa.String(length=3), nullable=True),
    sa.CheckConstraint("(kind = 'percent') = (amount_minor IS NULL)", name=op.f('ck_rates_others_have_amount')),
    sa.CheckConstraint("(kind = 'percent') = (rate_bps IS NOT NULL)", name=op.f('ck_rates_percent_has_bps')),
    sa.CheckConstraint("(scope = 'all') = (match IS NULL)", name=op.f('ck_rates_scope_has_match')),
    sa.CheckConstraint('amount_minor IS NULL OR amount_minor >= 0', name=op.f('ck_rates_amount_sane')),
    sa.CheckConstraint('rate_bps IS NULL OR rate_bps BETWEEN 0 AND 10000', name=op.f('ck_rates_bps_sane')),
    sa.ForeignKeyConstraint(['terms_id'], ['terms.id'], name=op.f('fk_rates_terms_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_rates')),
    sa.UniqueConstraint('terms_id', 'position', name=op.f('uq_rates_terms_id_position'))
    )
    op.create_table('splits',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('enrollment_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('valid_from', sa.DateTime(timezone=True), nullable=False),
    sa.Column('platform_bps', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('community_bps', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('curator_bps', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('evangelist_bps', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.String(length=80), nullable=False),
    sa.CheckConstraint('platform_bps + community_bps + curator_bps + evangelist_bps = 10000', name=op.f('ck_splits_sums_to_whole')),
    sa.CheckConstraint('platform_bps >= 0 AND community_bps >= 0 AND curator_bps >= 0 AND evangelist_bps >= 0', name=op.f('ck_splits_no_negative')),
    sa.ForeignKeyConstraint(['enrollment_id'], ['enrollments.id'], name=op.f('fk_splits_enrollment_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_splits')),
    sa.UniqueConstraint('enrollment_id', 'version', name=op.f('uq_splits_enrollment_id_version'))
    )
    op.create_table('conversions',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('order_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('merchant_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('community_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('link_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('curator_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('programme_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('enrollment_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('terms_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('split_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('clicked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('click_nonce', sa.BigInteger(), nullable=True),
    sa.Column('status', sa.Enum('pending', 'confirmed', 'declined', name='conversionstatus_known', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('reason', sa.String(length=40), nullable=True),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('estimate_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('community_estimate_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('evidence', sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), 'postgresql'), nullable=False),
    sa.Column('placed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("status <> 'confirmed' OR enrollment_id IS NOT NULL", name=op.f('ck_conversions_confirmed_has_enrollment')),
    sa.CheckConstraint("status <> 'declined' OR reason IS NOT NULL", name=op.f('ck_conversions_declined_has_reason')),
    sa.ForeignKeyConstraint(['community_id'], ['communities.id'], name=op.f('fk_conversions_community_id')),
    sa.ForeignKeyConstraint(['curator_id'], ['curators.id'], name=op.f('fk_conversions_curator_id')),
    sa.ForeignKeyConstraint(['enrollment_id'], ['enrollments.id'], name=op.f('fk_conversions_enrollment_id')),
    sa.ForeignKeyConstraint(['link_id'], ['tracking_links.id'], name=op.f('fk_conversions_link_id')),
    sa.ForeignKeyConstraint(['merchant_id'], ['merchants.id'], name=op.f('fk_conversions_merchant_id')),
    sa.ForeignKeyConstraint(['order_id'], ['orders.id'], name=op.f('fk_conversions_order_id')),
    sa.ForeignKeyConstraint(['programme_id'], ['programmes.id'], name=op.f('fk_conversions_programme_id')),
    sa.ForeignKeyConstraint(['split_id'], ['splits.id'], name=op.f('fk_conversions_split_id')),
    sa.ForeignKeyConstraint(['terms_id'], ['terms.id'], name=op.f('fk_conversions_terms_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_conversions')),
    sa.UniqueConstraint('order_id', name=op.f('uq_conversions_order_id'))
    )
    with op.batch_alter_table('conversions', schema=None) as batch_op:
        batch_op.create_index('ix_conversions_community_placed_at', ['community_id', 'placed_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_conversions_curator_id'), ['curator_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_conversions_link_id'), ['link_id'], unique=False)
        batch_op.create_index('ix_conversions_merchant_placed_at', ['merchant_id', 'placed_at'], unique=False)

    op.create_table('commissions',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('conversion_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('order_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('merchant_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('community_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('available_on', sa.DateTime(timezone=True), nullable=False),
    sa.Column('needs_funding', sa.Boolean(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['community_id'], ['communities.id'], name=op.f('fk_commissions_community_id')),
    sa.ForeignKeyConstraint(['conversion_id'], ['conversions.id'], name=op.f('fk_commissions_conversion_id')),
    sa.ForeignKeyConstraint(['merchant_id'], ['merchants.id'], name=op.f('fk_commissions_merchant_id')),
    sa.ForeignKeyConstraint(['order_id'], ['orders.id'], name=op.f('fk_commissions_order_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_commissions')),
    sa.UniqueConstraint('conversion_id', name=op.f('uq_commissions_conversion_id')),
    sa.UniqueConstraint('order_id', name=op.f('uq_commissions_order_id'))
    )
    with op.batch_alter_table('commissions', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_commissions_community_id'), ['community_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_commissions_merchant_id'), ['merchant_id'], unique=False)

    op.create_table('commission_events',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('commission_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.Enum('earned', 'adjusted', 'reversed', name='eventkind_known', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('merchant_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('community_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('amount_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('available_on', sa.DateTime(timezone=True), nullable=False),
    sa.Column('needs_funding', sa.Boolean(), nullable=False),
    sa.Column('occurred_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('cause', sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), 'postgresql'), nullable=False),
    sa.Column('trace', sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), 'postgresql'), nullable=False),
    sa.CheckConstraint('amount_minor <> 0', name=op.f('ck_commission_events_moves_money')),
    sa.ForeignKeyConstraint(['commission_id'], ['commissions.id'], name=op.f('fk_commission_events_commission_id')),
    sa.ForeignKeyConstraint(['community_id'], ['communities.id'], name=op.f('fk_commission_events_community_id')),
    sa.ForeignKeyConstraint(['merchant_id'], ['merchants.id'], name=op.f('fk_commission_events_merchant_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_commission_events')),
    sa.UniqueConstraint('commission_id', 'number', name=op.f('uq_commission_events_commission_id_number'))
    )
    with op.batch_alter_table('commission_events', schema=None) as batch_op:
        batch_op.create_index('ix_commission_events_merchant', ['merchant_id', 'occurred_at'], unique=False)

    op.create_table('commission_shares',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('event_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('owner', sa.String(length=40), nullable=False),
    sa.Column('role', sa.Enum('platform', 'community', 'curator', 'evangelist', name='sharerole_known', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('amount_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['event_id'], ['commission_events.id'], name=op.f('fk_commission_shares_event_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_commission_shares')),
    sa.UniqueConstraint('event_id', 'owner', name=op.f('uq_commission_shares_event_id_owner'))
    )
    with op.batch_alter_table('commission_shares', schema=None) as batch_op:
        batch_op.create_index('ix_commission_shares_owner', ['owner'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('commission_shares', schema=None) as batch_op:
        batch_op.drop_index('ix_commission_shares_owner')

    op.drop_table('commission_shares')
    with op.batch_alter_table('commission_events', schema=None) as batch_op:
        batch_op.drop_index('ix_commission_events_merchant')

    op.drop_table('commission_events')
    with op.batch_alter_table('commissions', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_commissions_merchant_id'))
        batch_op.drop_index(batch_op.f('ix_commissions_community_id'))

    op.drop_table('commissions')
    with op.batch_alter_table('conversions', schema=None) as batch_op:
        batch_op.drop_index('ix_conversions_merchant_placed_at')
        batch_op.drop_index(batch_op.f('ix_conversions_link_id'))
        batch_op.drop_index(batch_op.f('ix_conversions_curator_id'))
        batch_op.drop_index('ix_conversions_community_placed_at')

    op.drop_table('conversions')
    op.drop_table('splits')
    op.drop_table('rates')
    with op.batch_alter_table('picks', schema=None) as batch_op:
        batch_op.drop_index('uq_picks_shown_once', postgresql_where=sa.text('withdrawn_at IS NULL'), sqlite_where=sa.text('withdrawn_at IS NULL'))
        batch_op.drop_index(batch_op.f('ix_picks_product_id'))
        batch_op.drop_index('ix_picks_link_id')
        batch_op.drop_index(batch_op.f('ix_picks_curator_id'))
        batch_op.drop_index(batch_op.f('ix_picks_community_id'))

    op.drop_table('picks')
    with op.batch_alter_table('clicks', schema=None) as batch_op:
        batch_op.drop_index('ix_clicks_merchant_clicked_at')
        batch_op.drop_index('ix_clicks_link_visitor')
        batch_op.drop_index('ix_clicks_community_clicked_at')

    op.drop_table('clicks')
    with op.batch_alter_table('upload_row_errors', schema=None) as batch_op:
        batch_op.drop_index('ix_upload_row_errors_upload_sku')
        batch_op.drop_index('ix_upload_row_errors_upload_line')

    op.drop_table('upload_row_errors')
    with op.batch_alter_table('tracking_links', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_tracking_links_withdrawn_at'))
        batch_op.drop_index(batch_op.f('ix_tracking_links_product_id'))
        batch_op.drop_index(batch_op.f('ix_tracking_links_merchant_id'))
        batch_op.drop_index(batch_op.f('ix_tracking_links_community_id'))

    op.drop_table('tracking_links')
    op.drop_table('terms')
    op.drop_table('staged_products')
    op.drop_table('payout_attempts')
    op.drop_table('order_refunds')
    op.drop_table('order_lines')
    with op.batch_alter_table('order_events', schema=None) as batch_op:
        batch_op.drop_index('ix_order_events_delivery')

    op.drop_table('order_events')
    with op.batch_alter_table('enrollments', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_enrollments_community_id'))

    op.drop_table('enrollments')
    with op.batch_alter_table('webhook_keys', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_webhook_keys_merchant_id'))

    op.drop_table('webhook_keys')
    with op.batch_alter_table('user_sessions', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_user_sessions_user_id'))

    op.drop_table('user_sessions')
    op.drop_table('saved_mappings')
    op.drop_table('run_left_out')
    op.drop_table('receipts')
    with op.batch_alter_table('programmes', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_programmes_merchant_id'))

    op.drop_table('programmes')
    with op.batch_alter_table('products', schema=None) as batch_op:
        batch_op.drop_index('ix_products_merchant_status')
        batch_op.drop_index(batch_op.f('ix_products_changed_at'))

    op.drop_table('products')
    with op.batch_alter_table('postings', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_postings_entry_id'))
        batch_op.drop_index('ix_postings_account_available')

    op.drop_table('postings')
    with op.batch_alter_table('payouts', schema=None) as batch_op:
        batch_op.drop_index('uq_payouts_one_open', postgresql_where=sa.text("status IN ('planned', 'approved', 'submitting', 'unknown')"), sqlite_where=sa.text("status IN ('planned', 'approved', 'submitting', 'unknown')"))

    op.drop_table('payouts')
    with op.batch_alter_table('orders', schema=None) as batch_op:
        batch_op.drop_index('ix_orders_placed_at')

    op.drop_table('orders')
    with op.batch_alter_table('grants', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_grants_user_id'))
        batch_op.drop_index('ix_grants_scope')
        batch_op.drop_index(batch_op.f('ix_grants_api_key_id'))

    op.drop_table('grants')
    with op.batch_alter_table('deliveries', schema=None) as batch_op:
        batch_op.drop_index('ix_deliveries_status_next_try')
        batch_op.drop_index('ix_deliveries_merchant_order')

    op.drop_table('deliveries')
    with op.batch_alter_table('curators', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_curators_user_id'))

    op.drop_table('curators')
    op.drop_table('collections')
    with op.batch_alter_table('catalogue_uploads', schema=None) as batch_op:
        batch_op.drop_index('ix_catalogue_uploads_stage')
        batch_op.drop_index(batch_op.f('ix_catalogue_uploads_merchant_id'))

    op.drop_table('catalogue_uploads')
    op.drop_table('brands')
    with op.batch_alter_table('brand_images', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_brand_images_community_id'))

    op.drop_table('brand_images')
    op.drop_table('users')
    op.drop_table('spool_progress')
    op.drop_table('payout_runs')
    with op.batch_alter_table('payout_accounts', schema=None) as batch_op:
        batch_op.drop_index('ix_payout_accounts_owner')

    op.drop_table('payout_accounts')
    op.drop_table('merchants')
    op.drop_table('ledger_entries')
    op.drop_table('ledger_accounts')
    op.drop_table('idempotency_keys')
    op.drop_table('communities')
    op.drop_table('booking_marks')
    with op.batch_alter_table('audit_entries', schema=None) as batch_op:
        batch_op.drop_index('ix_audit_entries_subject')

    op.drop_table('audit_entries')
    op.drop_table('api_keys')
