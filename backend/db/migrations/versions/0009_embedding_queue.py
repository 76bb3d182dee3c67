"""which examples wait for a vector of which model

Every model that is known has its own vectors. Triggers fill the queue when the wordings of an example change and when a
model becomes known; workers take jobs with SKIP LOCKED. The vectors that are there keep serving meanwhile.
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE embedding_models (
        model text PRIMARY KEY CHECK (length(model) BETWEEN 1 AND 200),
        ready_at timestamptz,
        chosen_at timestamptz,
        retired_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    "COMMENT ON COLUMN embedding_models.ready_at IS 'when every example had its vectors for the first time; from then on the model may serve'",
    "COMMENT ON COLUMN embedding_models.chosen_at IS 'when a server last began with it: the one before serves until this one is ready'",
    "COMMENT ON COLUMN embedding_models.retired_at IS 'since when nobody makes vectors of it any more'",
    """
    INSERT INTO embedding_models (model, ready_at, retired_at)
    SELECT DISTINCT model, now(), CASE WHEN model LIKE 'offline-%' THEN now() END FROM example_embeddings
    """,
    """
    ALTER TABLE example_embeddings
    ADD FOREIGN KEY (model) REFERENCES embedding_models (model) ON DELETE CASCADE
    """,
    """
    CREATE TABLE embedding_queue (
        example_id text NOT NULL REFERENCES cypher_examples (id) ON DELETE CASCADE,
        model text NOT NULL REFERENCES embedding_models (model) ON DELETE CASCADE,
        content_hash text NOT NULL,
        attempts integer NOT NULL DEFAULT 0,
        due_at timestamptz NOT NULL DEFAULT now(),
        alone boolean NOT NULL DEFAULT false,
        error text,
        PRIMARY KEY (model, example_id)
    )
    """,
    "COMMENT ON COLUMN embedding_queue.content_hash IS 'of the wordings that wait'",
    "COMMENT ON COLUMN embedding_queue.alone IS 'the batch it was in was refused: it is sent by itself so that it harms no other'",
    "CREATE INDEX embedding_queue_due ON embedding_queue (model, alone, due_at)",
    """
    CREATE FUNCTION queue_changed_example() RETURNS trigger LANGUAGE plpgsql SET search_path = public AS $$
    BEGIN
        INSERT INTO embedding_queue (example_id, model, content_hash)
        SELECT NEW.id, model, md5(NEW.masked::text) FROM embedding_models WHERE retired_at IS NULL
        ON CONFLICT (model, example_id) DO UPDATE SET
            content_hash = EXCLUDED.content_hash, attempts = 0, due_at = now(), alone = false, error = NULL;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER queue_new AFTER INSERT ON cypher_examples
    FOR EACH ROW EXECUTE FUNCTION queue_changed_example()
    """,
    """
    CREATE TRIGGER queue_changed AFTER UPDATE ON cypher_examples
    FOR EACH ROW WHEN (OLD.masked IS DISTINCT FROM NEW.masked) EXECUTE FUNCTION queue_changed_example()
    """,
    """
    CREATE FUNCTION queue_for_new_model() RETURNS trigger LANGUAGE plpgsql SET search_path = public AS $$
    BEGIN
        INSERT INTO embedding_queue (example_id, model, content_hash)
        SELECT id, NEW.model, md5(masked::text) FROM cypher_examples;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER queue_all AFTER INSERT ON embedding_models
    FOR EACH ROW EXECUTE FUNCTION queue_for_new_model()
    """,
    # The six sixths of a vector added up: a projection that keeps near things near in a sixth of the room, for the index to
    # find candidates by. A comparison of candidates by their whole vectors follows. Names are qualified because an index is
    # built without a search path.
    """
    CREATE FUNCTION folded(whole vector) RETURNS halfvec LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT CAST(
            public.subvector(whole, 1, 256) OPERATOR(public.+) public.subvector(whole, 257, 256)
            OPERATOR(public.+) public.subvector(whole, 513, 256) OPERATOR(public.+) public.subvector(whole, 769, 256)
            OPERATOR(public.+) public.subvector(whole, 1025, 256) OPERATOR(public.+) public.subvector(whole, 1281, 256)
            AS public.halfvec
        )
    $$
    """,
    # One index for each model: a graph of all models' vectors would lead searches astray. The right to make and drop
    # these, and nothing else, is lent to whoever may run the functions.
    """
    CREATE FUNCTION embedding_index(model text) RETURNS text LANGUAGE sql IMMUTABLE AS
    $$ SELECT 'example_embeddings_' || left(md5(model), 16) $$
    """,
    """
    CREATE FUNCTION index_embeddings(model text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp SET maintenance_work_mem = '512MB' SET client_min_messages = 'warning' AS $$
    BEGIN
        EXECUTE format(
            'CREATE INDEX IF NOT EXISTS %I ON public.example_embeddings '
            'USING hnsw ((folded(embedding)::halfvec(256)) halfvec_cosine_ops) WHERE model = %L',
            embedding_index(model), model
        );
    END $$
    """,
    """
    CREATE FUNCTION drop_embedding_index() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp SET client_min_messages = 'warning' AS $$
    BEGIN
        EXECUTE format('DROP INDEX IF EXISTS public.%I', embedding_index(OLD.model));
        RETURN NULL;
    END $$
    """,
    # The settings of the function below exist once pgvector is loaded.
    "SELECT CAST('[1]' AS vector)",
    # The distances are computed first and alone: sorting rows that carry 6 kB vectors costs more than computing them. What
    # the index finds is several times what is wanted, and sorted by the exact distance.
    """
    CREATE FUNCTION nearest_wordings(model text, question vector, most integer)
    RETURNS TABLE (example_id text, distance double precision) LANGUAGE plpgsql STABLE ROWS 20
    SET hnsw.iterative_scan = 'strict_order' SET hnsw.ef_search = 160 SET jit = off AS $$
    BEGIN
        IF to_regclass('public.' || embedding_index(model)) IS NULL THEN
            RETURN QUERY EXECUTE format(
                'WITH distances AS MATERIALIZED ('
                ' SELECT example_id, embedding <=> $1 AS distance FROM example_embeddings WHERE model = %L) '
                'SELECT * FROM distances ORDER BY distance, example_id LIMIT $2', model
            ) USING question, most;
        ELSE
            RETURN QUERY EXECUTE format(
                'WITH near AS MATERIALIZED ('
                ' SELECT example_id, embedding <=> $1 AS distance FROM example_embeddings WHERE model = %L'
                ' ORDER BY folded(embedding)::halfvec(256) <=> folded($1)::halfvec(256) LIMIT greatest(160, 4 * $2)) '
                'SELECT * FROM near ORDER BY distance, example_id LIMIT $2', model
            ) USING question, most;
        END IF;
    END $$
    """,
    """
    CREATE TRIGGER drop_index AFTER DELETE ON embedding_models
    FOR EACH ROW EXECUTE FUNCTION drop_embedding_index()
    """,
    """
    REVOKE EXECUTE ON FUNCTION queue_changed_example(), queue_for_new_model(), embedding_index(text), folded(vector),
        index_embeddings(text), drop_embedding_index(), nearest_wordings(text, vector, integer) FROM PUBLIC
    """,
    """
    GRANT EXECUTE ON FUNCTION queue_changed_example(), queue_for_new_model(), embedding_index(text), folded(vector),
        index_embeddings(text), drop_embedding_index(), nearest_wordings(text, vector, integer) TO atlas_app
    """,
    "GRANT SELECT, INSERT, UPDATE, DELETE ON embedding_models, embedding_queue TO atlas_app",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
