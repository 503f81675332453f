-- A run of a job, and its place in the queue: one row, so that neither is there without the other.
-- `due_time` is when it may be taken next: of a job that somebody works on, when the lease ends.
-- What it was ordered to do is emptied when it ends; the digest still tells a repeated order.
CREATE TABLE jobs (
    tenant_id     TEXT    NOT NULL,
    item_id       TEXT    NOT NULL,
    job_id        TEXT    NOT NULL,
    workspace_id  TEXT    NOT NULL,
    item_type     TEXT    NOT NULL,
    job_type      TEXT    NOT NULL,
    object_id     TEXT    NOT NULL,
    registration  TEXT    NOT NULL,
    session_id    TEXT    NOT NULL,
    order_digest  BYTEA   NOT NULL,
    payload       BYTEA   NOT NULL,
    state         TEXT    NOT NULL
                  CHECK (state IN ('NotStarted', 'InProgress', 'Completed', 'Failed', 'Cancelled')),
    failure       BYTEA,
    rounds        BIGINT  NOT NULL DEFAULT 0,
    written       BIGINT,
    attempts      BIGINT  NOT NULL DEFAULT 0,
    due_time      BIGINT  NOT NULL,
    lease         TEXT,
    create_time   BIGINT  NOT NULL,
    start_time    BIGINT,
    end_time      BIGINT,
    PRIMARY KEY (tenant_id, item_id, job_id),
    FOREIGN KEY (tenant_id, object_id) REFERENCES owners ON DELETE CASCADE,
    CHECK ((end_time IS NULL) = (state IN ('NotStarted', 'InProgress'))),
    CHECK ((failure IS NOT NULL) = (state = 'Failed'))
);

CREATE INDEX jobs_due ON jobs (due_time) WHERE end_time IS NULL;
CREATE INDEX jobs_ended ON jobs (end_time) WHERE end_time IS NOT NULL;
CREATE INDEX refresh_tokens_by_age ON refresh_tokens (update_time);
