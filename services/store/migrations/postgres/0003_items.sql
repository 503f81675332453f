-- Items belong to a tenant, not to a user. What a tenant has used of the quota is known without
-- counting.
CREATE TABLE tenants (
    tenant_id   TEXT    NOT NULL PRIMARY KEY,
    items       BIGINT  NOT NULL DEFAULT 0 CHECK (items >= 0),
    item_bytes  BIGINT  NOT NULL DEFAULT 0 CHECK (item_bytes >= 0)
);

-- A deleted item keeps its id until it is purged, so that a creation that comes late cannot bring it
-- back.
CREATE TABLE items (
    tenant_id        TEXT    NOT NULL,
    item_id          TEXT    NOT NULL,
    workspace_id     TEXT    NOT NULL,
    item_type        TEXT    NOT NULL,
    display_name     TEXT,
    description      TEXT,
    payload          BYTEA   NOT NULL,
    definition       BYTEA   NOT NULL,
    creation_digest  BYTEA   NOT NULL,
    create_time      BIGINT  NOT NULL,
    update_time      BIGINT  NOT NULL,
    deletion         TEXT    CHECK (deletion IN ('soft', 'hard')),
    delete_time      BIGINT,
    purged           BIGINT  NOT NULL DEFAULT 0 CHECK (purged IN (0, 1)),
    PRIMARY KEY (tenant_id, item_id),
    CHECK ((deletion IS NULL) = (delete_time IS NULL))
);

CREATE INDEX deleted_items ON items (delete_time) WHERE delete_time IS NOT NULL;

CREATE INDEX rows_of_item ON rows (tenant_id, workspace_id, item_id);
