-- Sealed refresh tokens of work that outlives its call. What is in them is opened by the exchange
-- alone; here they are bytes that belong to somebody.
ALTER TABLE owners
    ADD COLUMN refresh_tokens BIGINT NOT NULL DEFAULT 0 CHECK (refresh_tokens >= 0);

CREATE TABLE refresh_tokens (
    tenant_id    TEXT    NOT NULL,
    object_id    TEXT    NOT NULL,
    session_id   TEXT    NOT NULL,
    sealed       BYTEA   NOT NULL,
    version      BIGINT  NOT NULL,
    update_time  BIGINT  NOT NULL,
    PRIMARY KEY (tenant_id, object_id, session_id),
    FOREIGN KEY (tenant_id, object_id) REFERENCES owners ON DELETE CASCADE
);
