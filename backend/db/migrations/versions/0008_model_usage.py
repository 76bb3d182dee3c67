"""what language models were asked, by asker and day"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE model_usage (
        asker text NOT NULL,
        day date NOT NULL,
        requests integer NOT NULL DEFAULT 0,
        prompt_tokens bigint NOT NULL DEFAULT 0,
        completion_tokens bigint NOT NULL DEFAULT 0,
        cost_usd numeric(12, 6) NOT NULL DEFAULT 0,
        PRIMARY KEY (day, asker)
    )
    """,
    "GRANT SELECT, INSERT, UPDATE, DELETE ON model_usage TO atlas_app",
    # Adds to what an asker used on a day; an estimate that was too high is put right with negative numbers. Nobody waits for the disk:
    # a crash may forget the last requests.
    """
    CREATE FUNCTION count_model_usage(
        of_asker text, on_day date, more_requests integer, more_prompt bigint, more_completion bigint, more_cost numeric
    ) RETURNS void LANGUAGE sql AS $$
        SELECT set_config('synchronous_commit', 'off', true);
        INSERT INTO model_usage AS used (asker, day, requests, prompt_tokens, completion_tokens, cost_usd)
        VALUES (
            of_asker, on_day, more_requests, greatest(more_prompt, 0), greatest(more_completion, 0), greatest(more_cost, 0)
        )
        ON CONFLICT (day, asker) DO UPDATE SET
            requests = used.requests + more_requests,
            prompt_tokens = greatest(used.prompt_tokens + more_prompt, 0),
            completion_tokens = greatest(used.completion_tokens + more_completion, 0),
            cost_usd = greatest(used.cost_usd + more_cost, 0)
    $$
    """,
    # Counts one request and its expected tokens unless a limit is reached. One caller after the other, so that requests at
    # the same moment see each other. Null limits do not limit.
    """
    CREATE FUNCTION reserve_model_usage(
        of_asker text, on_day date, expected_tokens bigint, expected_cost numeric,
        own_token_limit bigint, token_limit bigint, own_cost_limit numeric, cost_limit numeric
    ) RETURNS TABLE (granted boolean, own_tokens bigint, tokens bigint, own_cost numeric, cost numeric)
    LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_advisory_xact_lock(84030008);
        SELECT
            coalesce(sum(u.prompt_tokens + u.completion_tokens) FILTER (WHERE u.asker = of_asker), 0),
            coalesce(sum(u.prompt_tokens + u.completion_tokens), 0),
            coalesce(sum(u.cost_usd) FILTER (WHERE u.asker = of_asker), 0),
            coalesce(sum(u.cost_usd), 0)
        INTO own_tokens, tokens, own_cost, cost
        FROM model_usage u
        WHERE u.day = on_day;
        granted := coalesce(own_tokens < own_token_limit, true) AND coalesce(tokens < token_limit, true)
            AND coalesce(own_cost < own_cost_limit, true) AND coalesce(cost < cost_limit, true);
        IF granted THEN
            PERFORM count_model_usage(of_asker, on_day, 1, expected_tokens, 0, expected_cost);
        END IF;
        RETURN NEXT;
    END
    $$
    """,
    "REVOKE ALL ON FUNCTION count_model_usage, reserve_model_usage FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION count_model_usage, reserve_model_usage TO atlas_app",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
