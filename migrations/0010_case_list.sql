-- Indexes of the list of cases (tickets/queries/cases.py): any filter, any search, a million cases.
-- btree_gin comes with PostgreSQL (contrib) and may be created by the owner of the database.
create extension if not exists btree_gin;

-- One index answers any mixture of these filters, by cutting the lists of their values with each other.
create index cases_filter on cases using gin (unit_ids, state, appeal_type, campus_id, urgency, source, handler_id)
    with (fastupdate = on, gin_pending_list_limit = 512);
drop index cases_units;
drop index cases_type;

-- Limits that still run, in the order of the list: the few open cases among many.
create index cases_open on cases (id desc, due_at) where due_at is not null;
drop index cases_due;
create index cases_again on cases (id desc) where round > 1;
create index cases_contact on cases (contact_phone_hash) where contact_phone_hash is not null;
create index cases_category on cases (category text_pattern_ops, id desc);

-- The cases of a department in the order of the list.
create index ticket_unit_case on ticket (unit_id, case_id desc);

-- Both are read as a whole and often: keep them as they are, the long ones beside the row.
alter table case_search alter column tokens set storage external, alter column body set storage external;
-- Which grams are frequent decides how a search is done.
alter table case_search alter column tokens set statistics 300;

-- First and last time of receipt of each thousand of ids (tickets/queries/spans.py).
create table case_span (
    no bigint primary key,
    first_at timestamptz not null,
    last_at timestamptz not null
);
create table case_span_mark (
    single boolean primary key default true check (single),
    id bigint not null,
    at timestamptz not null
);

-- The view with which a person's list opens.
alter table saved_view add column opens boolean not null default false;
create unique index saved_view_opens on saved_view (staff_id, page) where opens;

-- Lists taken out as a sheet: who, with which filter, and what became of it.
create table case_export (
    id uuid primary key default gen_random_uuid(),
    staff_id bigint not null references staff,
    query text not null,
    job_id bigint references job,
    state text not null default 'running' check (state in ('running', 'done', 'refused')),
    taken int not null default 0,
    error text not null default '',
    file_id uuid references stored_file,
    asked_at timestamptz not null,
    done_at timestamptz
);
create index case_export_staff on case_export (staff_id, asked_at desc);
