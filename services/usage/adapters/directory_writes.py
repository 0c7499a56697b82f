"""How the directory is written: statements of ``adapters/directory.py``."""

from sqlalchemy import text

BUMP = text(
    "INSERT INTO directory (provider_id, version) VALUES (:provider_id, 1)"
    " ON CONFLICT (provider_id) DO UPDATE SET version = directory.version + 1"
)
# The newest event wins, whatever the order in which they come; on one test clock two may bear the same time.
KEEP_PROVIDER = text(
    "INSERT INTO provider (provider_id, country, time_zone, changed_at, sent_at)"
    " VALUES (:provider_id, :country, :time_zone, :changed_at, :sent_at) ON CONFLICT (provider_id) DO UPDATE SET"
    " country = EXCLUDED.country, time_zone = EXCLUDED.time_zone, changed_at = EXCLUDED.changed_at, sent_at = EXCLUDED.sent_at"
    " WHERE (provider.changed_at, provider.sent_at) < (EXCLUDED.changed_at, EXCLUDED.sent_at)"
)
KEEP_TENANT = text(
    "INSERT INTO tenant (tenant_id, provider_id, country, time_zone, sip_domain, account_codes, opened_on,"
    " trial_ends_on, anchor_day, changed_at, sent_at) VALUES (:tenant_id, :provider_id, :country, :time_zone,"
    " :sip_domain, :account_codes, :opened_on, :trial_ends_on, :anchor_day, :changed_at, :sent_at)"
    " ON CONFLICT (tenant_id) DO UPDATE SET country = EXCLUDED.country, time_zone = EXCLUDED.time_zone,"
    " sip_domain = EXCLUDED.sip_domain, account_codes = EXCLUDED.account_codes, opened_on = EXCLUDED.opened_on,"
    " trial_ends_on = EXCLUDED.trial_ends_on, anchor_day = EXCLUDED.anchor_day, changed_at = EXCLUDED.changed_at, sent_at = EXCLUDED.sent_at"
    " WHERE (tenant.changed_at, tenant.sent_at) < (EXCLUDED.changed_at, EXCLUDED.sent_at)"
    " AND tenant.provider_id = EXCLUDED.provider_id"
)
KEEP_TENANT_PLAN = text(
    "INSERT INTO tenant_plan (tenant_id, plan_from, plan_id, plan_version, changed_at, sent_at)"
    " VALUES (:tenant_id, :plan_from, :plan_id, :plan_version, :changed_at, :sent_at)"
    " ON CONFLICT (tenant_id, plan_from) DO UPDATE SET plan_id = EXCLUDED.plan_id,"
    " plan_version = EXCLUDED.plan_version, changed_at = EXCLUDED.changed_at, sent_at = EXCLUDED.sent_at"
    " WHERE (tenant_plan.changed_at, tenant_plan.sent_at) < (EXCLUDED.changed_at, EXCLUDED.sent_at)"
)
CLOSE_TENANT = text(
    "UPDATE tenant SET closed_on = :closed_on WHERE tenant_id = :tenant_id AND provider_id = :provider_id"
    " RETURNING tenant_id"
)
ADD_RESOURCES = text(
    "INSERT INTO resource (tenant_id, kind, value, valid_from, valid_to, provider_id)"
    " VALUES (:tenant_id, :kind, :value, :valid_from, :valid_to, :provider_id)"
)
