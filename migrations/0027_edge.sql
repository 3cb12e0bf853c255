-- Files that people send: what the virus scanner said of their bytes, and whom to tell.

alter table stored_file add column uploader_id bigint references staff;   -- null: the machine, or an outside system

-- One row for each content (not for each name): nothing is served while it waits, nor ever when something was found.
create table file_scan (
    sha256 text primary key,
    state text not null default 'waiting' check (state in ('waiting', 'clean', 'found')),
    found text not null default '',                  -- what the scanner calls it
    asked_at timestamptz not null,
    done_at timestamptz,
    check ((state = 'waiting') = (done_at is null))
);
create index file_scan_waiting on file_scan (asked_at) where state = 'waiting';
create index file_scan_found on file_scan (done_at desc) where state = 'found';
create index stored_file_sha256 on stored_file (sha256);
