-- The machine: outbox, due rows, jobs, inbound messages, audit, files, parameters.
-- Hot queues keep a partial index on what waits, so that their size does not matter.

create table outbox (
    id bigint generated always as identity primary key,
    event text not null,
    reaction text not null,
    payload jsonb not null,
    state text not null default 'due' check (state in ('due', 'done', 'parked', 'dropped')),
    due_at timestamptz not null default now(),
    attempts int not null default 0,
    error text not null default '',
    trace_id text not null default '',
    created_at timestamptz not null default now(),
    done_at timestamptz
) with (fillfactor = 80);
create index outbox_waiting on outbox (due_at, id) where state = 'due';
create index outbox_parked on outbox (id) where state = 'parked';

create table due (
    id bigint generated always as identity primary key,
    due_at timestamptz not null,
    kind text not null,
    ref bigint not null,
    ref_version int not null default 0,
    step int not null default 0,
    state text not null default 'due' check (state in ('due', 'done', 'void', 'missed', 'parked', 'dropped')),
    attempts int not null default 0,
    error text not null default '',
    trace_id text not null default '',
    created_at timestamptz not null default now(),
    done_at timestamptz,
    unique (kind, ref, ref_version, step)
);
create index due_waiting on due (due_at, id) where state = 'due';
create index due_parked on due (id) where state = 'parked';

create table job (
    id bigint generated always as identity primary key,
    kind text not null,
    payload jsonb not null,
    key text unique,
    state text not null default 'due' check (state in ('due', 'done', 'parked', 'dropped')),
    due_at timestamptz not null default now(),
    lease_until timestamptz,
    attempts int not null default 0,
    error text not null default '',
    progress jsonb,
    trace_id text not null default '',
    created_at timestamptz not null default now(),
    done_at timestamptz
);
create index job_waiting on job (due_at, id) where state = 'due';
create index job_parked on job (id) where state = 'parked';

create table inbound (
    id bigint generated always as identity primary key,
    source text not null,
    external_id text not null,
    headers jsonb not null default '{}',
    body bytea not null,
    state text not null default 'due' check (state in ('due', 'done', 'parked', 'dropped')),
    due_at timestamptz not null default now(),
    attempts int not null default 0,
    error text not null default '',
    trace_id text not null default '',
    created_at timestamptz not null default now(),
    done_at timestamptz,
    unique (source, external_id)
);
create index inbound_waiting on inbound (due_at, id) where state = 'due';
create index inbound_parked on inbound (id) where state = 'parked';

-- What happened in the machine's own rows is never forgotten in silence: only the state columns may change.

create sequence audit_id;
create table audit (
    id bigint not null default nextval('audit_id'),
    at timestamptz not null,
    actor_kind text not null,
    actor_id bigint,
    actor_name text not null,
    door text not null,
    address text not null default '',
    action text not null,
    subject text not null,
    subject_id bigint,
    detail jsonb not null default '{}',
    trace_id text not null default '',
    primary key (id, at)
) partition by range (at);
create table audit_default partition of audit default;
create index audit_subject on audit (subject, subject_id, at);
create index audit_actor on audit (actor_id, at);
create index audit_at on audit (at);

create table audit_unsealed (audit_id bigint primary key);
create table audit_seal (
    no bigint generated always as identity primary key,
    sealed_at timestamptz not null default now(),
    ids bigint[] not null,
    before bytea not null,
    hash bytea not null
);

create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only', tg_table_name;
end $$;
create trigger audit_append_only before update or delete on audit for each row execute function refuse_change();
create trigger audit_seal_append_only before update or delete on audit_seal
    for each row execute function refuse_change();

-- Makes the partitions of a month and the next; called at start and every day by the clock.
create function audit_partitions(day date) returns void language plpgsql as $$
declare
    month date := date_trunc('month', day);
    name text;
begin
    for i in 0..1 loop
        name := format('audit_%s', to_char(month, 'YYYYMM'));
        if to_regclass(name) is null and not exists (
            select 1 from audit_default where at >= month and at < month + interval '1 month'
        ) then
            execute format('create table %I partition of audit for values from (%L) to (%L)',
                           name, month::timestamptz, (month + interval '1 month')::timestamptz);
        end if;
        month := month + interval '1 month';
    end loop;
end $$;

create table stored_file (
    id uuid primary key,
    sha256 text not null,
    name text not null,
    mime text not null,
    size int not null,
    created_by text not null default '',
    created_at timestamptz not null default now()
);

create table parameter (
    name text primary key,
    value text not null,
    changed_by text not null default '',
    changed_at timestamptz not null default now()
);

create table heartbeat (
    process text primary key,
    kind text not null,
    started_at timestamptz not null,
    seen_at timestamptz not null
);

-- Tokens of outside systems (access_token and the like), shared by all processes; refreshed under a row lock.
create table integration_token (
    name text primary key,
    value bytea not null,
    expires_at timestamptz not null,
    refreshed_at timestamptz not null default now()
);
