"""row-level security: organisations are kept apart by the database too."""

from collections.abc import Sequence

from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

APP_ROLE = "eleven_app"

# The role belongs to the whole server, the tables to this database. Two migrations at once may both make it.
# Where the owner of the tables may not make roles, an administrator makes it once:
#   CREATE ROLE eleven_app NOLOGIN; GRANT eleven_app TO <the user of DATABASE_URL>;
ROLE = f"""
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{APP_ROLE}') THEN
        BEGIN
            CREATE ROLE {APP_ROLE} NOLOGIN NOSUPERUSER NOBYPASSRLS;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;
        END;
    END IF;
    IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        BEGIN
            EXECUTE format('GRANT {APP_ROLE} TO %I', current_user);
        EXCEPTION WHEN insufficient_privilege THEN
            NULL;
        END;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{APP_ROLE}' AND (rolsuper OR rolbypassrls)) THEN
        RAISE EXCEPTION 'The role {APP_ROLE} must not be a superuser and must not have BYPASSRLS';
    END IF;
END $$
"""

RIGHTS = (
    f"GRANT USAGE ON SCHEMA public TO {APP_ROLE}",
    f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {APP_ROLE}",
    f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {APP_ROLE}",
    f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {APP_ROLE}",
    f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {APP_ROLE}",
    # The program reads which revision it has before it. What was published, signed or done only grows.
    f"REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {APP_ROLE}",
    "REVOKE UPDATE, DELETE ON questionnaire_version, signed_return, audit_event, answer_version "
    f"FROM {APP_ROLE}",
)

# keep_apart('visit', 'own') is all that a later migration says about a new table with organisation_id.
#   own     an organisation reads and changes its own rows
#   read    an organisation reads its own rows
#   hand_in an organisation adds rows of its own, or of nobody, and reads none
#   none    for the partnership and the program only
# The settings are read in sub-queries so that they are read once a statement, not once a row.
KEEP_APART = """
CREATE FUNCTION keep_apart(place regclass, organisations text, own text DEFAULT NULL)
RETURNS void LANGUAGE plpgsql AS $body$
DECLARE
    everything CONSTANT text :=
        $$(SELECT current_setting('eleven.scope', true) IN ('partnership', 'system'))$$;
    mine CONSTANT text :=
        $$ANY ((SELECT NULLIF(current_setting('eleven.organisations', true), ''))::int[])$$;
    ours CONSTANT text := coalesce(replace(own, '{mine}', mine), 'organisation_id = ' || mine);
BEGIN
    IF organisations NOT IN ('own', 'read', 'hand_in', 'none') THEN
        RAISE EXCEPTION 'keep_apart: organisations may own, read, hand_in or none, not %', organisations;
    END IF;
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', place);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', place);
    IF organisations = 'own' THEN
        EXECUTE format('CREATE POLICY kept_apart ON %s USING (%s OR %s)', place, everything, ours);
        RETURN;
    END IF;
    EXECUTE format('CREATE POLICY everything ON %s USING (%s)', place, everything);
    IF organisations = 'read' THEN
        EXECUTE format('CREATE POLICY own_rows ON %s FOR SELECT USING (%s)', place, ours);
    ELSIF organisations = 'hand_in' THEN
        EXECUTE format(
            'CREATE POLICY handed_in ON %s FOR INSERT WITH CHECK (organisation_id IS NULL OR %s)', place, ours);
    END IF;
END $body$
"""

KEPT_APART = (
    "('organisation', 'read', 'id = {mine}')",
    "('identifier', 'read')",
    "('succession', 'read', 'predecessor_id = {mine} OR successor_id = {mine}')",
    "('contact', 'read')",
    "('membership', 'own')",
    "('return', 'own')",
    "('answer', 'own')",
    "('answer_version', 'own')",
    "('domain_colleague', 'own')",
    "('hand_over', 'own')",
    "('signed_return', 'own')",
    "('domain_rating', 'own')",
    "('action', 'own')",
    # Mails hold links to sign in, calls hold what was said on the telephone, imports hold the whole register.
    "('outbox_message', 'hand_in')",
    "('audit_event', 'hand_in')",
    "('call', 'none')",
    "('round_exception', 'none')",
    "('register_import', 'none')",
)

OWN_EVENTS = """
CREATE POLICY own_rows ON audit_event FOR SELECT
USING (organisation_id = ANY ((SELECT NULLIF(current_setting('eleven.organisations', true), ''))::int[]))
"""

# Whoever signs in has no scope yet: it follows from their memberships, which must be read first.
# So must what closed and was taken over: its returns are read by those who took it over.
SIGNING_IN = """
CREATE POLICY signing_in ON membership FOR SELECT
USING ((SELECT current_setting('eleven.scope', true) = 'signing_in'));
CREATE POLICY signing_in ON succession FOR SELECT
USING ((SELECT current_setting('eleven.scope', true) = 'signing_in'));
CREATE POLICY signing_in ON organisation FOR SELECT
USING (status = 'gone' AND (SELECT current_setting('eleven.scope', true) = 'signing_in'))
"""

# The distribution among peers is the one thing that an organisation learns about others. It comes from here:
# counts by kind, phase, domain and colour, with no name and no organisation to leak.
PEERS = """
CREATE FUNCTION peer_outcomes(asked_round int, but_not int)
RETURNS TABLE (kind text, phase text, domain_key text, outcome text, organisations bigint)
LANGUAGE plpgsql AS $body$
DECLARE
    standing CONSTANT text := coalesce(current_setting('eleven.scope', true), '');
BEGIN
    PERFORM set_config('eleven.scope', 'system', true);
    RETURN QUERY
        SELECT r.facts ->> 'kind', r.facts ->> 'phase', d.domain_key::text, d.outcome::text, count(*)
        FROM domain_rating AS d JOIN return AS r ON r.id = d.return_id
        WHERE d.round_id = asked_round AND d.source = 'self' AND r.state = 'signed'
            AND r.organisation_id <> but_not
        GROUP BY 1, 2, 3, 4;
    PERFORM set_config('eleven.scope', standing, true);
END $body$
"""


def upgrade() -> None:
    """Go forward."""
    op.execute(ROLE)
    for right in RIGHTS:
        op.execute(right)
    op.execute(KEEP_APART)
    for table in KEPT_APART:
        op.execute(f"SELECT keep_apart{table}")
    op.execute(OWN_EVENTS)
    op.execute(SIGNING_IN)
    op.execute(PEERS)


def downgrade() -> None:
    """Go back. The role stays: other databases of the server may use it."""
    op.execute("DROP FUNCTION peer_outcomes(int, int)")
    for table in KEPT_APART:
        name = table.split("'")[1]
        for policy in ("kept_apart", "everything", "own_rows", "handed_in", "signing_in"):
            op.execute(f'DROP POLICY IF EXISTS {policy} ON "{name}"')
        op.execute(f'ALTER TABLE "{name}" NO FORCE ROW LEVEL SECURITY')
        op.execute(f'ALTER TABLE "{name}" DISABLE ROW LEVEL SECURITY')
    op.execute("DROP FUNCTION keep_apart(regclass, text, text)")
    op.execute(f"DROP OWNED BY {APP_ROLE}")
