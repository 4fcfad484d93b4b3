-- The tables and indexes of version 1, as its databases have them.

CREATE TABLE orgs (
    pk INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id VARCHAR(20) NOT NULL,
    slug VARCHAR(63) NOT NULL,
    name VARCHAR(255) NOT NULL,
    changes INTEGER NOT NULL,
    clock_offset INTEGER NOT NULL,
    "temporary" BOOLEAN NOT NULL,
    created INTEGER NOT NULL,
    last_used INTEGER NOT NULL,
    UNIQUE (id),
    UNIQUE (slug)
);
CREATE TABLE installation (
    pk INTEGER NOT NULL,
    version INTEGER NOT NULL,
    secret VARCHAR(64) NOT NULL,
    PRIMARY KEY (pk)
);
CREATE TABLE apps (
    client_id VARCHAR(100) NOT NULL,
    name VARCHAR(100) NOT NULL,
    label VARCHAR(100) NOT NULL,
    status VARCHAR(10) NOT NULL,
    application_type VARCHAR(10) NOT NULL,
    auth_method VARCHAR(30) NOT NULL,
    pkce_required BOOLEAN NOT NULL,
    redirect_uris JSON NOT NULL,
    post_logout_redirect_uris JSON NOT NULL,
    response_types JSON NOT NULL,
    grant_types JSON NOT NULL,
    consent_method VARCHAR(10) NOT NULL,
    rotation_type VARCHAR(10) NOT NULL,
    refresh_leeway INTEGER NOT NULL,
    dpop_bound BOOLEAN NOT NULL,
    signing_alg VARCHAR(10),
    jwks_uri VARCHAR,
    client_uri VARCHAR,
    logo_uri VARCHAR,
    policy_uri VARCHAR,
    tos_uri VARCHAR,
    initiate_login_uri VARCHAR,
    profile JSON NOT NULL,
    groups_claim JSON,
    more JSON NOT NULL,
    pk INTEGER NOT NULL,
    org_id INTEGER NOT NULL,
    id VARCHAR(128) NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    PRIMARY KEY (pk),
    FOREIGN KEY(org_id) REFERENCES orgs (pk) ON DELETE CASCADE
);
CREATE TABLE users (
    login VARCHAR(100) NOT NULL,
    "key" VARCHAR(200) NOT NULL,
    status VARCHAR(20) NOT NULL,
    profile JSON NOT NULL,
    password_hash VARCHAR(200),
    recovery_question VARCHAR(200),
    recovery_answer_hash VARCHAR(200),
    failed_sign_ins INTEGER NOT NULL,
    activated INTEGER,
    status_changed INTEGER,
    password_changed INTEGER,
    last_login INTEGER,
    pk INTEGER NOT NULL,
    org_id INTEGER NOT NULL,
    id VARCHAR(128) NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    PRIMARY KEY (pk),
    FOREIGN KEY(org_id) REFERENCES orgs (pk) ON DELETE CASCADE
);
CREATE TABLE groups (
    name VARCHAR(255) NOT NULL,
    description VARCHAR(1024),
    type VARCHAR(20) NOT NULL,
    membership_updated INTEGER NOT NULL,
    pk INTEGER NOT NULL,
    org_id INTEGER NOT NULL,
    id VARCHAR(128) NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    PRIMARY KEY (pk),
    FOREIGN KEY(org_id) REFERENCES orgs (pk) ON DELETE CASCADE
);
CREATE TABLE user_sessions (
    hash VARCHAR(64) NOT NULL,
    user_id VARCHAR(20) NOT NULL,
    auth_time INTEGER NOT NULL,
    amr JSON NOT NULL,
    created INTEGER NOT NULL,
    last_used INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    pk INTEGER NOT NULL,
    org_id INTEGER NOT NULL,
    id VARCHAR(128) NOT NULL,
    PRIMARY KEY (pk),
    FOREIGN KEY(org_id) REFERENCES orgs (pk) ON DELETE CASCADE
);
CREATE TABLE session_tokens (
    user_id VARCHAR(20) NOT NULL,
    amr JSON NOT NULL,
    expires INTEGER NOT NULL,
    used_at INTEGER,
    pk INTEGER NOT NULL,
    org_id INTEGER NOT NULL,
    id VARCHAR(128) NOT NULL,
    PRIMARY KEY (pk),
    FOREIGN KEY(org_id) REFERENCES orgs (pk) ON DELETE CASCADE
);
CREATE TABLE parked_requests (
    server_id VARCHAR(20) NOT NULL,
    client_id VARCHAR(100) NOT NULL,
    parameters JSON NOT NULL,
    answers JSON NOT NULL,
    browser VARCHAR(64),
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    used_at INTEGER,
    pk INTEGER NOT NULL,
    org_id INTEGER NOT NULL,
    id VARCHAR(128) NOT NULL,
    PRIMARY KEY (pk),
    FOREIGN KEY(org_id) REFERENCES orgs (pk) ON DELETE CASCADE
);
CREATE TABLE authorization_codes (
    user_id VARCHAR(20) NOT NULL,
    facts JSON NOT NULL,
    expires INTEGER NOT NULL,
    used_at INTEGER,
    pk INTEGER NOT NULL,
    org_id INTEGER NOT NULL,
    id VARCHAR(128) NOT NULL,
    PRIMARY KEY (pk),
    FOREIGN KEY(org_id) REFERENCES orgs (pk) ON DELETE CASCADE
);
CREATE TABLE families (
    server_id VARCHAR(20) NOT NULL,
    client_id VARCHAR(100) NOT NULL,
    user_id VARCHAR(20),
    scopes JSON NOT NULL,
    grant_type VARCHAR(100) NOT NULL,
    auth_time INTEGER,
    amr JSON NOT NULL,
    created INTEGER NOT NULL,
    absolute_expires INTEGER,
    revoked_at INTEGER,
    pk INTEGER NOT NULL,
    org_id INTEGER NOT NULL,
    id VARCHAR(128) NOT NULL,
    PRIMARY KEY (pk),
    FOREIGN KEY(org_id) REFERENCES orgs (pk) ON DELETE CASCADE
);
CREATE TABLE revocations (
    expires INTEGER NOT NULL,
    pk INTEGER NOT NULL,
    org_id INTEGER NOT NULL,
    id VARCHAR(128) NOT NULL,
    PRIMARY KEY (pk),
    FOREIGN KEY(org_id) REFERENCES orgs (pk) ON DELETE CASCADE
);
CREATE TABLE seen_jtis (
    expires INTEGER NOT NULL,
    pk INTEGER NOT NULL,
    org_id INTEGER NOT NULL,
    id VARCHAR(128) NOT NULL,
    PRIMARY KEY (pk),
    FOREIGN KEY(org_id) REFERENCES orgs (pk) ON DELETE CASCADE
);
CREATE TABLE consents (
    user_id VARCHAR(20) NOT NULL,
    client_id VARCHAR(100) NOT NULL,
    server_id VARCHAR(20) NOT NULL,
    scope VARCHAR(255) NOT NULL,
    created INTEGER NOT NULL,
    pk INTEGER NOT NULL,
    org_id INTEGER NOT NULL,
    id VARCHAR(128) NOT NULL,
    PRIMARY KEY (pk),
    FOREIGN KEY(org_id) REFERENCES orgs (pk) ON DELETE CASCADE
);
CREATE TABLE log_events (
    published BIGINT NOT NULL,
    transaction_id VARCHAR(40) NOT NULL,
    event_type VARCHAR(100) NOT NULL,
    outcome VARCHAR(10) NOT NULL,
    severity VARCHAR(10) NOT NULL,
    actor_id VARCHAR(100),
    display_message VARCHAR NOT NULL,
    document JSON NOT NULL,
    pk INTEGER NOT NULL,
    org_id INTEGER NOT NULL,
    id VARCHAR(128) NOT NULL,
    PRIMARY KEY (pk),
    FOREIGN KEY(org_id) REFERENCES orgs (pk) ON DELETE CASCADE
);
CREATE TABLE authorization_servers (
    name VARCHAR(255) NOT NULL,
    description VARCHAR(1024) NOT NULL,
    audience VARCHAR(1024) NOT NULL,
    status VARCHAR(10) NOT NULL,
    issuer_mode VARCHAR(20) NOT NULL,
    rotation_mode VARCHAR(10) NOT NULL,
    last_rotated INTEGER,
    pk INTEGER NOT NULL,
    org_id INTEGER NOT NULL,
    id VARCHAR(128) NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    PRIMARY KEY (pk),
    FOREIGN KEY(org_id) REFERENCES orgs (pk) ON DELETE CASCADE
);
CREATE TABLE signing_keys (
    server_id VARCHAR(20) NOT NULL,
    purpose VARCHAR(10) NOT NULL,
    status VARCHAR(10) NOT NULL,
    pem TEXT NOT NULL,
    expires INTEGER,
    pk INTEGER NOT NULL,
    org_id INTEGER NOT NULL,
    id VARCHAR(128) NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    PRIMARY KEY (pk),
    FOREIGN KEY(org_id) REFERENCES orgs (pk) ON DELETE CASCADE
);
CREATE TABLE app_secrets (
    app_pk INTEGER NOT NULL,
    value VARCHAR(100) NOT NULL,
    status VARCHAR(10) NOT NULL,
    pk INTEGER NOT NULL,
    org_id INTEGER NOT NULL,
    id VARCHAR(128) NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    PRIMARY KEY (pk),
    FOREIGN KEY(app_pk) REFERENCES apps (pk) ON DELETE CASCADE,
    FOREIGN KEY(org_id) REFERENCES orgs (pk) ON DELETE CASCADE
);
CREATE TABLE app_keys (
    app_pk INTEGER NOT NULL,
    jwk JSON NOT NULL,
    status VARCHAR(10) NOT NULL,
    pk INTEGER NOT NULL,
    org_id INTEGER NOT NULL,
    id VARCHAR(128) NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    PRIMARY KEY (pk),
    FOREIGN KEY(app_pk) REFERENCES apps (pk) ON DELETE CASCADE,
    FOREIGN KEY(org_id) REFERENCES orgs (pk) ON DELETE CASCADE
);
CREATE TABLE app_users (
    app_pk INTEGER NOT NULL,
    user_pk INTEGER NOT NULL,
    username VARCHAR(100),
    profile JSON NOT NULL,
    pk INTEGER NOT NULL,
    org_id INTEGER NOT NULL,
    id VARCHAR(128) NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    PRIMARY KEY (pk),
    FOREIGN KEY(app_pk) REFERENCES apps (pk) ON DELETE CASCADE,
    FOREIGN KEY(user_pk) REFERENCES users (pk) ON DELETE CASCADE,
    FOREIGN KEY(org_id) REFERENCES orgs (pk) ON DELETE CASCADE
);
CREATE TABLE app_groups (
    app_pk INTEGER NOT NULL,
    group_pk INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    pk INTEGER NOT NULL,
    org_id INTEGER NOT NULL,
    id VARCHAR(128) NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    PRIMARY KEY (pk),
    FOREIGN KEY(app_pk) REFERENCES apps (pk) ON DELETE CASCADE,
    FOREIGN KEY(group_pk) REFERENCES groups (pk) ON DELETE CASCADE,
    FOREIGN KEY(org_id) REFERENCES orgs (pk) ON DELETE CASCADE
);
CREATE TABLE api_scope_grants (
    app_pk INTEGER NOT NULL,
    scope VARCHAR(100) NOT NULL,
    granted_by VARCHAR(20),
    pk INTEGER NOT NULL,
    org_id INTEGER NOT NULL,
    id VARCHAR(128) NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    PRIMARY KEY (pk),
    FOREIGN KEY(app_pk) REFERENCES apps (pk) ON DELETE CASCADE,
    FOREIGN KEY(org_id) REFERENCES orgs (pk) ON DELETE CASCADE
);
CREATE TABLE memberships (
    user_pk INTEGER NOT NULL,
    group_pk INTEGER NOT NULL,
    pk INTEGER NOT NULL,
    org_id INTEGER NOT NULL,
    id VARCHAR(128) NOT NULL,
    PRIMARY KEY (pk),
    FOREIGN KEY(user_pk) REFERENCES users (pk) ON DELETE CASCADE,
    FOREIGN KEY(group_pk) REFERENCES groups (pk) ON DELETE CASCADE,
    FOREIGN KEY(org_id) REFERENCES orgs (pk) ON DELETE CASCADE
);
CREATE TABLE role_assignments (
    type VARCHAR(50) NOT NULL,
    user_pk INTEGER,
    group_pk INTEGER,
    app_pk INTEGER,
    pk INTEGER NOT NULL,
    org_id INTEGER NOT NULL,
    id VARCHAR(128) NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    PRIMARY KEY (pk),
    FOREIGN KEY(user_pk) REFERENCES users (pk) ON DELETE CASCADE,
    FOREIGN KEY(group_pk) REFERENCES groups (pk) ON DELETE CASCADE,
    FOREIGN KEY(app_pk) REFERENCES apps (pk) ON DELETE CASCADE,
    FOREIGN KEY(org_id) REFERENCES orgs (pk) ON DELETE CASCADE
);
CREATE TABLE api_tokens (
    hash VARCHAR(64) NOT NULL,
    name VARCHAR(255) NOT NULL,
    user_pk INTEGER NOT NULL,
    last_used INTEGER NOT NULL,
    pk INTEGER NOT NULL,
    org_id INTEGER NOT NULL,
    id VARCHAR(128) NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    PRIMARY KEY (pk),
    FOREIGN KEY(user_pk) REFERENCES users (pk) ON DELETE CASCADE,
    FOREIGN KEY(org_id) REFERENCES orgs (pk) ON DELETE CASCADE
);
CREATE TABLE refresh_tokens (
    family_pk INTEGER NOT NULL,
    predecessor_pk INTEGER,
    scopes JSON NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    rotated_at INTEGER,
    replaced_at INTEGER,
    pk INTEGER NOT NULL,
    org_id INTEGER NOT NULL,
    id VARCHAR(128) NOT NULL,
    PRIMARY KEY (pk),
    FOREIGN KEY(family_pk) REFERENCES families (pk) ON DELETE CASCADE,
    FOREIGN KEY(org_id) REFERENCES orgs (pk) ON DELETE CASCADE
);
CREATE TABLE scopes (
    server_pk INTEGER NOT NULL,
    name VARCHAR(255) NOT NULL,
    display_name VARCHAR(255) NOT NULL,
    description VARCHAR(1024) NOT NULL,
    system BOOLEAN NOT NULL,
    "default" BOOLEAN NOT NULL,
    consent VARCHAR(10) NOT NULL,
    optional BOOLEAN NOT NULL,
    metadata_publish VARCHAR(20) NOT NULL,
    pk INTEGER NOT NULL,
    org_id INTEGER NOT NULL,
    id VARCHAR(128) NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    PRIMARY KEY (pk),
    FOREIGN KEY(server_pk) REFERENCES authorization_servers (pk) ON DELETE CASCADE,
    FOREIGN KEY(org_id) REFERENCES orgs (pk) ON DELETE CASCADE
);
CREATE TABLE claims (
    server_pk INTEGER NOT NULL,
    name VARCHAR(255) NOT NULL,
    status VARCHAR(10) NOT NULL,
    claim_type VARCHAR(10) NOT NULL,
    value_type VARCHAR(12) NOT NULL,
    value TEXT NOT NULL,
    group_filter_type VARCHAR(12),
    scopes JSON NOT NULL,
    always_in_token BOOLEAN NOT NULL,
    system BOOLEAN NOT NULL,
    pk INTEGER NOT NULL,
    org_id INTEGER NOT NULL,
    id VARCHAR(128) NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    PRIMARY KEY (pk),
    FOREIGN KEY(server_pk) REFERENCES authorization_servers (pk) ON DELETE CASCADE,
    FOREIGN KEY(org_id) REFERENCES orgs (pk) ON DELETE CASCADE
);
CREATE TABLE policies (
    server_pk INTEGER NOT NULL,
    name VARCHAR(100) NOT NULL,
    description VARCHAR(255) NOT NULL,
    status VARCHAR(10) NOT NULL,
    priority INTEGER NOT NULL,
    system BOOLEAN NOT NULL,
    clients JSON NOT NULL,
    pk INTEGER NOT NULL,
    org_id INTEGER NOT NULL,
    id VARCHAR(128) NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    PRIMARY KEY (pk),
    FOREIGN KEY(server_pk) REFERENCES authorization_servers (pk) ON DELETE CASCADE,
    FOREIGN KEY(org_id) REFERENCES orgs (pk) ON DELETE CASCADE
);
CREATE TABLE role_targets (
    role_pk INTEGER NOT NULL,
    group_pk INTEGER,
    app_pk INTEGER,
    pk INTEGER NOT NULL,
    org_id INTEGER NOT NULL,
    id VARCHAR(128) NOT NULL,
    PRIMARY KEY (pk),
    FOREIGN KEY(role_pk) REFERENCES role_assignments (pk) ON DELETE CASCADE,
    FOREIGN KEY(group_pk) REFERENCES groups (pk) ON DELETE CASCADE,
    FOREIGN KEY(app_pk) REFERENCES apps (pk) ON DELETE CASCADE,
    FOREIGN KEY(org_id) REFERENCES orgs (pk) ON DELETE CASCADE
);
CREATE TABLE rules (
    policy_pk INTEGER NOT NULL,
    name VARCHAR(100) NOT NULL,
    status VARCHAR(10) NOT NULL,
    priority INTEGER NOT NULL,
    system BOOLEAN NOT NULL,
    grant_types JSON NOT NULL,
    scopes JSON NOT NULL,
    groups JSON NOT NULL,
    users JSON NOT NULL,
    excluded_groups JSON NOT NULL,
    excluded_users JSON NOT NULL,
    access_token_minutes INTEGER NOT NULL,
    refresh_token_minutes INTEGER NOT NULL,
    refresh_window_minutes INTEGER NOT NULL,
    pk INTEGER NOT NULL,
    org_id INTEGER NOT NULL,
    id VARCHAR(128) NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    PRIMARY KEY (pk),
    FOREIGN KEY(policy_pk) REFERENCES policies (pk) ON DELETE CASCADE,
    FOREIGN KEY(org_id) REFERENCES orgs (pk) ON DELETE CASCADE
);
CREATE UNIQUE INDEX uq_apps_id ON apps (org_id, id);
CREATE UNIQUE INDEX uq_apps_label ON apps (org_id, label);
CREATE UNIQUE INDEX uq_apps_client_id ON apps (org_id, client_id);
CREATE UNIQUE INDEX uq_users_key ON users (org_id, "key");
CREATE UNIQUE INDEX uq_users_id ON users (org_id, id);
CREATE INDEX ix_users_status ON users (org_id, status);
CREATE UNIQUE INDEX uq_groups_name ON groups (org_id, name);
CREATE UNIQUE INDEX uq_groups_id ON groups (org_id, id);
CREATE INDEX ix_user_sessions_user ON user_sessions (org_id, user_id);
CREATE UNIQUE INDEX uq_user_sessions_hash ON user_sessions (org_id, hash);
CREATE INDEX ix_user_sessions_expires ON user_sessions (expires);
CREATE UNIQUE INDEX uq_user_sessions_id ON user_sessions (org_id, id);
CREATE UNIQUE INDEX uq_session_tokens_id ON session_tokens (org_id, id);
CREATE INDEX ix_session_tokens_expires ON session_tokens (expires);
CREATE UNIQUE INDEX uq_parked_requests_id ON parked_requests (org_id, id);
CREATE INDEX ix_parked_requests_expires ON parked_requests (expires);
CREATE INDEX ix_authorization_codes_expires ON authorization_codes (expires);
CREATE UNIQUE INDEX uq_authorization_codes_id ON authorization_codes (org_id, id);
CREATE INDEX ix_authorization_codes_user ON authorization_codes (org_id, user_id);
CREATE UNIQUE INDEX uq_families_id ON families (org_id, id);
CREATE INDEX ix_families_created ON families (created);
CREATE INDEX ix_families_user ON families (org_id, user_id);
CREATE INDEX ix_families_client ON families (org_id, client_id, server_id);
CREATE UNIQUE INDEX uq_revocations_id ON revocations (org_id, id);
CREATE INDEX ix_revocations_expires ON revocations (expires);
CREATE INDEX ix_seen_jtis_expires ON seen_jtis (expires);
CREATE UNIQUE INDEX uq_seen_jtis_id ON seen_jtis (org_id, id);
CREATE UNIQUE INDEX uq_consents_scope ON consents (org_id, user_id, client_id, server_id, scope);
CREATE UNIQUE INDEX uq_consents_id ON consents (org_id, id);
CREATE INDEX ix_log_events_published ON log_events (org_id, published);
CREATE UNIQUE INDEX uq_log_events_id ON log_events (org_id, id);
CREATE INDEX ix_log_events_transaction ON log_events (org_id, transaction_id);
CREATE UNIQUE INDEX uq_authorization_servers_id ON authorization_servers (org_id, id);
CREATE UNIQUE INDEX uq_authorization_servers_name ON authorization_servers (org_id, name);
CREATE UNIQUE INDEX uq_signing_keys_slot ON signing_keys (org_id, server_id, purpose, status) WHERE status != 'EXPIRED';
CREATE INDEX ix_signing_keys_server ON signing_keys (org_id, server_id);
CREATE UNIQUE INDEX uq_signing_keys_id ON signing_keys (org_id, id);
CREATE UNIQUE INDEX uq_app_secrets_id ON app_secrets (org_id, id);
CREATE INDEX ix_app_secrets_app ON app_secrets (app_pk);
CREATE UNIQUE INDEX uq_app_keys_id ON app_keys (org_id, id);
CREATE INDEX ix_app_keys_app ON app_keys (app_pk);
CREATE UNIQUE INDEX uq_app_users_id ON app_users (org_id, id);
CREATE UNIQUE INDEX uq_app_users_app_user ON app_users (app_pk, user_pk);
CREATE INDEX ix_app_users_user ON app_users (user_pk);
CREATE UNIQUE INDEX uq_app_groups_app_group ON app_groups (app_pk, group_pk);
CREATE UNIQUE INDEX uq_app_groups_id ON app_groups (org_id, id);
CREATE INDEX ix_app_groups_group ON app_groups (group_pk);
CREATE UNIQUE INDEX uq_api_scope_grants_id ON api_scope_grants (org_id, id);
CREATE UNIQUE INDEX uq_api_scope_grants_app_scope ON api_scope_grants (app_pk, scope);
CREATE UNIQUE INDEX uq_memberships_user_group ON memberships (user_pk, group_pk);
CREATE INDEX ix_memberships_group ON memberships (group_pk);
CREATE UNIQUE INDEX uq_memberships_id ON memberships (org_id, id);
CREATE INDEX ix_role_assignments_user ON role_assignments (user_pk);
CREATE INDEX ix_role_assignments_group ON role_assignments (group_pk);
CREATE UNIQUE INDEX uq_role_assignments_id ON role_assignments (org_id, id);
CREATE INDEX ix_role_assignments_app ON role_assignments (app_pk);
CREATE UNIQUE INDEX uq_api_tokens_id ON api_tokens (org_id, id);
CREATE INDEX ix_api_tokens_user ON api_tokens (user_pk);
CREATE UNIQUE INDEX uq_api_tokens_hash ON api_tokens (org_id, hash);
CREATE INDEX ix_refresh_tokens_family ON refresh_tokens (family_pk);
CREATE INDEX ix_refresh_tokens_predecessor ON refresh_tokens (predecessor_pk);
CREATE INDEX ix_refresh_tokens_expires ON refresh_tokens (expires);
CREATE UNIQUE INDEX uq_refresh_tokens_id ON refresh_tokens (org_id, id);
CREATE UNIQUE INDEX uq_scopes_id ON scopes (org_id, id);
CREATE UNIQUE INDEX uq_scopes_name ON scopes (server_pk, name);
CREATE UNIQUE INDEX uq_claims_name ON claims (server_pk, claim_type, name);
CREATE UNIQUE INDEX uq_claims_id ON claims (org_id, id);
CREATE UNIQUE INDEX uq_policies_id ON policies (org_id, id);
CREATE INDEX ix_policies_server ON policies (server_pk, priority);
CREATE INDEX ix_role_targets_role ON role_targets (role_pk);
CREATE INDEX ix_role_targets_app ON role_targets (app_pk);
CREATE INDEX ix_role_targets_group ON role_targets (group_pk);
CREATE UNIQUE INDEX uq_role_targets_id ON role_targets (org_id, id);
CREATE INDEX ix_rules_policy ON rules (policy_pk, priority);
CREATE UNIQUE INDEX uq_rules_id ON rules (org_id, id);
