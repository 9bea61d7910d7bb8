-- Who may do what, and who has done what: users, sessions, API tokens, the audit log.

-- +goose Up

-- A person or a program. Names are in lower case: they are compared without it.
create table qlikcrawler.account (
    name            text primary key check (name ~ '^[a-z0-9][a-z0-9._@-]{0,63}$'),
    display_name    text,
    role            text not null
        check (role in ('viewer', 'connector_creator', 'integration_admin', 'security_admin', 'admin')),
    all_connections boolean not null default true,
    disabled        boolean not null default false,
    password        text, -- argon2id in PHC's format; null: can't log in
    version         bigint not null default 1,
    created_at      timestamptz not null default now(),
    last_login_at   timestamptz
);

-- The connections of a user who hasn't all.
create table qlikcrawler.account_grant (
    account    text not null references qlikcrawler.account on delete cascade,
    connection text collate "C" not null references qlikcrawler.connection on delete cascade,
    primary key (account, connection)
);
create index account_grant_connection on qlikcrawler.account_grant (connection);

-- Of the secrets of sessions and tokens the database knows SHA-256 sums: they are 256 bits of chance.
create table qlikcrawler.session (
    id         bigint generated always as identity primary key,
    hash       bytea not null unique,
    account    text not null references qlikcrawler.account on delete cascade,
    address    text,
    created_at timestamptz not null default now(),
    seen_at    timestamptz not null default now(),
    expires_at timestamptz not null
);
create index session_account on qlikcrawler.session (account);

create table qlikcrawler.api_token (
    id          bigint generated always as identity primary key,
    hash        bytea not null unique,
    account     text not null references qlikcrawler.account on delete cascade,
    name        text not null,
    role        text not null
        check (role in ('viewer', 'connector_creator', 'integration_admin', 'security_admin', 'admin')),
    connections text[], -- null: all that the user may see
    created_at  timestamptz not null default now(),
    created_by  text not null,
    expires_at  timestamptz, -- null: never
    used_at     timestamptz,
    revoked_at  timestamptz
);
create index api_token_account on qlikcrawler.api_token (account);

-- Failed logins lately, by what they are counted for: a user, an address, a user from an address.
create table qlikcrawler.login_failure (
    subject  text primary key,
    failures int not null,
    last_at  timestamptz not null
);
create index login_failure_last on qlikcrawler.login_failure (last_at);

-- Where users have logged in from: guesses from elsewhere don't slow them down there.
create table qlikcrawler.login_address (
    account text not null references qlikcrawler.account on delete cascade,
    address text not null,
    last_at timestamptz not null,
    primary key (account, address)
);

-- Every call that changed something, or tried to. It outlives the users that it names.
create table qlikcrawler.audit (
    id         bigint generated always as identity primary key,
    at         timestamptz not null default now(),
    account    text,
    via        text,
    address    text,
    action     text not null,
    method     text,
    path       text,
    connection text,
    status     int,
    request_id text,
    detail     text
);
create index audit_at on qlikcrawler.audit (at);
create index audit_account on qlikcrawler.audit (account, id);

-- Calls with an Idempotency-Key, and their answers, which only the caller can open.
create table qlikcrawler.idempotency (
    credential text not null, -- "session 12", "token 3"
    key_hash   bytea not null,
    request    bytea not null, -- SHA-256 of what was asked
    started_at timestamptz not null default now(),
    status     int, -- null: not answered yet
    answer     bytea,
    primary key (credential, key_hash)
);
create index idempotency_started on qlikcrawler.idempotency (started_at);
