-- Who asks about personal data is identified by one person, and that data leaves or is deleted is agreed to by another.

-- One line for each step: an identity checked; a copy or a deletion asked for, then agreed to or refused by somebody else.
create table privacy_check (
    id bigint generated always as identity primary key,
    case_id bigint not null references cases,
    what text not null check (what in ('identity', 'copy', 'erase')),
    step text not null check (step in ('checked', 'asked', 'agreed', 'refused')),
    asked bigint references privacy_check,   -- of a decision: what it decides
    note text not null default '',           -- how the identity was checked; why it was refused
    by_id bigint not null references staff,
    by_name text not null,
    at timestamptz not null,
    check ((what = 'identity') = (step = 'checked')),
    check ((step in ('agreed', 'refused')) = (asked is not null))
);
create index privacy_check_case on privacy_check (case_id, id);
create unique index privacy_check_decided on privacy_check (asked) where asked is not null;
create trigger privacy_check_append_only before update or delete on privacy_check
    for each row execute function refuse_change();
create trigger privacy_check_not_emptied before truncate on privacy_check
    for each statement execute function refuse_change();

-- Nobody both: who checked the identity or asked agrees to nothing on the same case.
create function privacy_check_two_people() returns trigger language plpgsql as $$
begin
    if new.step in ('agreed', 'refused') and exists (
        select 1 from privacy_check c where c.case_id = new.case_id and c.by_id = new.by_id
            and (c.step = 'checked' or c.id = new.asked)
    ) then
        raise exception 'privacy_check: one person checks, another agrees';
    end if;
    return new;
end $$;
create trigger privacy_check_two_people before insert on privacy_check
    for each row execute function privacy_check_two_people();

-- The proof of whoever asks for somebody else.
alter table privacy_request add column proof text not null default '';

-- What of a request is refused, by which ground of the law, and in which words the asker is told.
create table privacy_refusal (
    id bigint generated always as identity primary key,
    case_id bigint not null references privacy_request,
    rights text[] not null,
    ground text not null,
    words text not null,
    by_id bigint not null references staff,
    by_name text not null,
    at timestamptz not null
);
create index privacy_refusal_case on privacy_refusal (case_id, id);
create trigger privacy_refusal_append_only before update or delete on privacy_refusal
    for each row execute function refuse_change();

-- A copy is locked; its password goes another way than its link, which opens once and for who proves themselves.
alter table privacy_package
    add column password bytea,               -- sealed
    add column sent_at timestamptz,          -- when a link was sent to the asker
    add column sent_to text not null default '',   -- masked
    add column wrong int not null default 0, -- tries of the second proof
    add column taken_at timestamptz;         -- when the asker fetched it themselves
