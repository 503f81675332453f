-- An owner is a user within a tenant. Everything that is kept hangs on one, so that forgetting an
-- owner is one statement, and what an owner has used of the quota is known without counting.
CREATE TABLE owners (
    tenant_id  TEXT    NOT NULL,
    object_id  TEXT    NOT NULL,
    rows       BIGINT  NOT NULL DEFAULT 0 CHECK (rows >= 0),
    row_bytes  BIGINT  NOT NULL DEFAULT 0 CHECK (row_bytes >= 0),
    tasks      BIGINT  NOT NULL DEFAULT 0 CHECK (tasks >= 0),
    PRIMARY KEY (tenant_id, object_id)
);

-- A position that a page token names is never given to another row.
-- Empty workspace and item ids mean that the row is kept under no item.
CREATE TABLE rows (
    position      BIGINT  PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    tenant_id     TEXT    NOT NULL,
    object_id     TEXT    NOT NULL,
    workspace_id  TEXT    NOT NULL,
    item_id       TEXT    NOT NULL,
    row_id        TEXT    NOT NULL,
    json          BYTEA   NOT NULL,
    version       BIGINT  NOT NULL,
    update_time   BIGINT  NOT NULL,
    UNIQUE (tenant_id, object_id, workspace_id, item_id, row_id),
    FOREIGN KEY (tenant_id, object_id) REFERENCES owners ON DELETE CASCADE
);

CREATE INDEX rows_in_order
    ON rows (tenant_id, object_id, workspace_id, item_id, position);

CREATE TABLE tasks (
    position     BIGINT   PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    tenant_id    TEXT     NOT NULL,
    object_id    TEXT     NOT NULL,
    task_id      TEXT     NOT NULL,
    title        TEXT     NOT NULL,
    description  TEXT     NOT NULL,
    completed    BOOLEAN  NOT NULL,
    version      BIGINT   NOT NULL,
    create_time  BIGINT   NOT NULL,
    update_time  BIGINT   NOT NULL,
    UNIQUE (tenant_id, object_id, task_id),
    FOREIGN KEY (tenant_id, object_id) REFERENCES owners ON DELETE CASCADE
);

CREATE INDEX tasks_in_order ON tasks (tenant_id, object_id, position);
