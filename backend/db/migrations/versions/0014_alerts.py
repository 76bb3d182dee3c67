"""alerts: what a load writes for whoever watches an ETF

A snapshot says how its weights came about, so that two of them can be told to be comparable; many notifications are
added at once; and what is to be said in a person's quiet hours waits for their end.
"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

STATEMENTS = (
    # `weight_basis`: R reported, P reported but rows missing, C recomputed from valuations, U unusable; null where the source
    # says nothing. `traded_weight` is the weight of stocks and ETFs together, %.
    "ALTER TABLE etf_snapshots ADD COLUMN weight_basis text CHECK (weight_basis IN ('R', 'P', 'C', 'U')), "
    "ADD COLUMN traded_weight numeric",
    # A reported weight is part of the fund, whatever rows a source leaves out. A recomputed one is part of the rows that came:
    # where cash or bonds are dropped, every stock grows with no change in the fund.
    """
    CREATE FUNCTION weights_comparable(of_etf text, before date, after date) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
        SELECT coalesce(
            (
                SELECT CASE
                    WHEN a.status = 'gap' OR b.status = 'gap' THEN false
                    WHEN 'U' IN (a.weight_basis, b.weight_basis) THEN false
                    WHEN (a.weight_basis = 'C') IS TRUE AND (b.weight_basis = 'C') IS TRUE
                        THEN abs(b.traded_weight - a.traded_weight) <= 1
                    ELSE (a.weight_basis = 'C') IS NOT TRUE AND (b.weight_basis = 'C') IS NOT TRUE
                END
                FROM etf_snapshots AS a
                JOIN etf_snapshots AS b ON b.code = a.code
                WHERE a.code = of_etf
                  AND a.date = before
                  AND b.date = after
            ),
            false
        )
    $$
    """,
    # The moment from which on somebody may be told who wants quiet between two times of the day (Asia/Seoul).
    """
    CREATE FUNCTION end_of_quiet(at timestamptz, quiet_from time, quiet_until time) RETURNS timestamptz
    LANGUAGE sql STABLE
    AS $$
        WITH seoul AS (
            SELECT (at AT TIME ZONE 'Asia/Seoul')::date AS day, (at AT TIME ZONE 'Asia/Seoul')::time AS clock
        )
        SELECT CASE
            WHEN quiet_from < quiet_until AND clock >= quiet_from AND clock < quiet_until
                THEN (day + quiet_until) AT TIME ZONE 'Asia/Seoul'
            WHEN quiet_from > quiet_until AND clock >= quiet_from
                THEN (day + 1 + quiet_until) AT TIME ZONE 'Asia/Seoul'
            WHEN quiet_from > quiet_until AND clock < quiet_until
                THEN (day + quiet_until) AT TIME ZONE 'Asia/Seoul'
            ELSE at
        END
        FROM seoul
    $$
    """,
    # Many rows under the lock of add_notification, which keeps ids in the order of commits, and one NOTIFY. The arrays go
    # together element by element. Whoever deletes an account meanwhile waits for the commit, so that nothing of theirs stays;
    # whoever has none any more, or one that is disabled, gets nothing. Returns what was not there already.
    """
    CREATE FUNCTION add_notifications(
        of_kind text, on_date date, people uuid[], subjects text[], contents jsonb[]
    )
    RETURNS TABLE (person uuid, subject text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    AS $$
    BEGIN
        PERFORM FROM public.users AS u WHERE u.id = ANY(people) ORDER BY u.id FOR KEY SHARE;
        PERFORM pg_advisory_xact_lock(84030011);
        RETURN QUERY
            INSERT INTO public.notifications AS n (kind, person, date, subject, content)
            SELECT of_kind, w.person, on_date, w.subject, w.content
            FROM unnest(people, subjects, contents) AS w (person, subject, content)
            JOIN public.users AS u ON u.id = w.person AND u.disabled_at IS NULL
            ORDER BY w.person, w.subject
            ON CONFLICT DO NOTHING
            RETURNING n.person, n.subject;
        IF FOUND THEN
            PERFORM pg_notify('notifications', '');
        END IF;
    END
    $$
    """,
    # An alert that an answer proposes. Nothing is set before its visitor, signed in, has decided so; once decided it stays so.
    """
    CREATE TABLE alert_proposals (
        turn_id bigint PRIMARY KEY REFERENCES turns (id) ON DELETE CASCADE,
        proposal jsonb NOT NULL,
        decision text CHECK (decision IN ('set', 'dropped')),
        decided_at timestamptz
    )
    """,
    "GRANT SELECT, INSERT, UPDATE, DELETE ON alert_proposals TO atlas_app",
    "CREATE INDEX notifications_alerts ON notifications (created_at) WHERE kind = 'alert'",
    "REVOKE ALL ON FUNCTION weights_comparable, end_of_quiet, add_notifications FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION weights_comparable, end_of_quiet TO atlas_app, atlas_loader, atlas_person",
    "GRANT EXECUTE ON FUNCTION add_notifications TO atlas_loader",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
