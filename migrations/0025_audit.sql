-- The audit log, whole: from which browser and session, with what outcome; seals that name the very line; months kept
-- as archives. The version before goes on running beside it: new columns have defaults. Restart workers before the web.

alter table audit
    add column role text not null default '',      -- the roles held at that moment, comma separated
    add column agent text not null default '',     -- the browser or program, as it names itself
    add column session text not null default '',   -- names the session without opening it: 24 hex digits of a hash
    add column result text not null default 'ok';  -- ok, refused, failed
create index audit_action on audit (action text_pattern_ops, at);
create index audit_address on audit (address, at) where address <> '';
create index audit_trace on audit (trace_id) where trace_id <> '';
create index audit_trouble on audit (at) where result <> 'ok';

-- Form 1 chained the twelve columns of 0001; form 2 chains all, and `marks` holds 8 bytes of each line's own hash.
alter table audit_seal
    add column form smallint not null default 1,
    add column marks bytea,
    add column first_at timestamptz,
    add column last_at timestamptz;

create trigger audit_not_emptied before truncate on audit for each statement execute function refuse_change();
create trigger audit_default_not_emptied before truncate on audit_default
    for each statement execute function refuse_change();
create trigger audit_seal_not_emptied before truncate on audit_seal
    for each statement execute function refuse_change();

-- Months taken out of the table and kept in storage. `ids` is exact, so that a line missing elsewhere is still missed.
create table audit_archive (
    id bigint generated always as identity primary key,
    month date not null unique,
    lines bigint not null,
    ids int8multirange not null,
    first_at timestamptz not null,
    last_at timestamptz not null,
    first_seal bigint not null,
    last_seal bigint not null,
    bytes bigint not null,
    manifest text not null,                        -- key and sha256 of the manifest in storage
    archived_at timestamptz not null default now(),
    archived_by text not null
);
create trigger audit_archive_append_only before update or delete on audit_archive
    for each row execute function refuse_change();
create trigger audit_archive_not_emptied before truncate on audit_archive
    for each statement execute function refuse_change();

-- A copy of archived months for reading; it can be thrown away, the archive stays.
create table audit_restored (like audit including defaults, primary key (id, at));
alter table audit_restored add column month date not null;
create index audit_restored_at on audit_restored (at);
create index audit_restored_month on audit_restored (month);

-- Each time the chain was proven, or an archive.
create table audit_check (
    id bigint generated always as identity primary key,
    what text not null,                            -- 'chain' or the month of an archive, '2026-01'
    asked_by text not null,
    job_id bigint,
    started_at timestamptz not null,
    ended_at timestamptz,
    lines bigint not null default 0,
    archived bigint not null default 0,
    seals bigint not null default 0,
    broken text not null default ''
);
create index audit_check_started on audit_check (started_at desc);

-- Makes the partition of a month, with what already lies in the default partition. Runs with the owner's rights: the
-- application's role may add months but owns none, so it can neither switch triggers off nor drop one.
create function audit_month(day date) returns void language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    start timestamp := date_trunc('month', day::timestamp);
    since timestamptz := start at time zone 'UTC';
    til timestamptz := (start + interval '1 month') at time zone 'UTC';
    name text := format('audit_%s', to_char(start, 'YYYYMM'));
begin
    perform pg_advisory_xact_lock(hashtext('audit-months'));
    if to_regclass(name) is not null then
        return;
    end if;
    execute format('create table %I (like audit including defaults)', name);
    if exists (select 1 from audit_default where at >= since and at < til) then
        alter table audit_default disable trigger user;
        execute format('insert into %I select * from audit_default where at >= %L and at < %L', name, since, til);
        delete from audit_default where at >= since and at < til;
        alter table audit_default enable trigger user;
    end if;
    execute format('alter table audit attach partition %I for values from (%L) to (%L)', name, since, til);
    execute format('create trigger %I before truncate on %I for each statement execute function refuse_change()',
                   name || '_not_emptied', name);
end $$;

create or replace function audit_partitions(day date) returns void language plpgsql as $$
begin
    perform audit_month(day);
    perform audit_month((date_trunc('month', day::timestamp) + interval '1 month')::date);
end $$;

-- Lets go of a month, only once it is kept elsewhere line by line and older than the law asks:
-- 《网络安全法》第二十三条第三项（2025 年修正前为第二十一条第三项）: network logs are kept six months at least.
create function audit_drop_month(wanted date) returns bigint language plpgsql security definer
set search_path = public, pg_temp as $$
declare
    start timestamp := date_trunc('month', wanted::timestamp);
    name text := format('audit_%s', to_char(start, 'YYYYMM'));
    kept record;
    here record;
begin
    if (start + interval '1 month') at time zone 'UTC' > now() - interval '180 days' then
        raise exception 'audit of % is younger than 180 days (Cybersecurity Law of the PRC, log retention)', name;
    end if;
    select * into kept from audit_archive where month = start::date;
    if kept is null then
        raise exception 'audit of % is not archived', name;
    end if;
    execute format('select count(*) as lines, range_agg(int8range(id, id, ''[]'')) as ids from %I', name) into here;
    if here.lines <> kept.lines or here.ids <> kept.ids then
        raise exception 'audit of % is not what was archived', name;
    end if;
    execute format('alter table audit detach partition %I', name);
    execute format('drop table %I', name);
    return here.lines;
end $$;

-- What lies in the default partition goes to its months.
do $$
declare
    month date;
begin
    for month in select distinct date_trunc('month', at at time zone 'UTC')::date from audit_default loop
        perform audit_month(month);
    end loop;
end $$;

-- Partitions that were made before have no guard of their own against being emptied.
do $$
declare
    part text;
begin
    for part in
        select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = 'audit'::regclass and c.relname <> 'audit_default'
            and not exists (
                select 1 from pg_trigger t where t.tgrelid = c.oid and t.tgname = c.relname || '_not_emptied'
            )
    loop
        execute format('create trigger %I before truncate on %I for each statement execute function refuse_change()',
                       part || '_not_emptied', part);
    end loop;
end $$;
