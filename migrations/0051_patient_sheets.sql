-- Lists of patients taken out as a sheet, written by a job: who, which list with which filter, and what became of it.
create table patient_export (
    id uuid primary key default gen_random_uuid(),
    staff_id bigint not null references staff,
    list text not null,
    query text not null,
    job_id bigint references job,
    state text not null default 'running' check (state in ('running', 'done', 'refused')),
    taken int not null default 0,
    error text not null default '',
    file_id uuid references stored_file,
    asked_at timestamptz not null,
    done_at timestamptz
);
create index patient_export_staff on patient_export (staff_id, asked_at desc);
