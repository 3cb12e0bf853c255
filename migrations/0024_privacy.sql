-- Personal data: what left the house, who may be reached for what, and what persons ask about their own data.

-- One line for each time data was taken out or handed to somebody. 《网络数据安全管理条例》 Art. 12: records of
-- providing personal data are kept three years at least; the table refuses to forget earlier.
create table data_export (
    id bigint generated always as identity primary key,
    at timestamptz not null,
    staff_id bigint references staff,        -- null: the house itself, to a platform
    who text not null,
    door text not null,
    address text not null default '',
    kind text not null,                      -- a member of core.exports.Kind
    title text not null,                     -- what was taken out, as the screen names it
    filter text not null default '',         -- which of all: the conditions in words
    rows int not null default 0,
    columns text[] not null default '{}',
    whole boolean not null default false,    -- personal data in full, not masked
    recipient text not null default '',      -- for whom; "" the person who took it
    purpose text not null default '',
    approved_by text not null default '',
    sha256 text not null default '',         -- of the very bytes
    case_id bigint,                          -- the case it is about, if it is about one: secret ones are veiled
    trace_id text not null default ''
);
create index data_export_at on data_export (at desc, id desc);
create index data_export_staff on data_export (staff_id, id desc);

create function keep_three_years() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' and old.at < now() - interval '3 years' then
        return old;
    end if;
    raise exception '% is append-only and kept for three years', tg_table_name;
end $$;
create trigger data_export_kept before update or delete on data_export
    for each row execute function keep_three_years();
create trigger data_export_not_emptied before truncate on data_export
    for each statement execute function refuse_change();

-- A sheet with names and phones in full waits until another person agrees.
alter table case_export
    add column whole boolean not null default false,
    add column recipient text not null default '',
    add column purpose text not null default '',
    add column decided_by bigint references staff,
    add column decided_name text not null default '',
    add column decided_at timestamptz,
    drop constraint case_export_state_check,
    add constraint case_export_state_check check (state in ('waiting', 'running', 'done', 'refused')),
    add constraint case_export_two_people check (decided_by is null or decided_by <> staff_id),
    add constraint case_export_agreed check (not whole or state in ('waiting', 'refused') or decided_by is not null);
create index case_export_waiting on case_export (asked_at) where state = 'waiting';

-- Phones and ID numbers stand in a document in full only where its maker says so, or a statutory form asks for them.
alter table case_report add column whole boolean not null default true;
alter table case_report alter column whole set default false;

-- The words a person agreed to; a version never changes.
create table consent_wording (
    id bigint generated always as identity primary key,
    purpose text not null,
    version int not null,
    text text not null,
    since timestamptz not null default now(),
    made_by text not null default '',
    unique (purpose, version)
);
create trigger consent_wording_append_only before update or delete on consent_wording
    for each row execute function refuse_change();
insert into consent_wording (purpose, version, text) values
    ('survey', 1, '同意医院在我就诊后通过我选择的方式邀请我填写满意度问卷。问卷结果只用于改进服务，可以随时拒绝或退订，不影响就医。'),
    ('follow_up', 1, '同意医院在我出院或就诊后通过我选择的方式进行随访，了解恢复情况并作医疗提示。可以随时拒绝，不影响就医。'),
    ('revisit', 1, '同意医院通过我选择的方式提醒我复诊、检查和取报告。可以随时退订，不影响就医。'),
    ('education', 1, '同意医院根据我的健康状况向我推送健康宣教内容。这需要使用我的诊断和就诊信息，可以随时退订，不影响就医。'),
    ('research', 1, '同意医院在去除可识别本人的信息后，将我的随访和问卷资料用于经伦理审查批准的研究。可以随时撤回，不影响就医。');

-- What a person said about being reached: given or withdrawn, one line each; the newest that fits holds.
create table consent (
    id bigint generated always as identity primary key,
    patient_id bigint references patient,    -- null: a reply from a phone that is nobody's we know
    phone_hash bytea,                        -- a reply holds for its number, whoever uses it
    purpose text not null check (purpose in ('', 'survey', 'follow_up', 'revisit', 'education', 'research')),
    channel text not null check (channel in ('', 'sms', 'wechat', 'phone')),   -- '' is every one
    given boolean not null,
    at timestamptz not null,                 -- when the person said so
    way text not null,                       -- how: on paper, by word, by text message …
    wording_id bigint references consent_wording,
    proof text not null default '',          -- where the proof lies: file number, the reply's words
    proof_file uuid references stored_file,
    said_by text not null default '',        -- "" the person; else the guardian or whoever was authorised
    relation text not null default '',
    recorded_by text not null,
    staff_id bigint references staff,
    recorded_at timestamptz not null,
    key text unique,                         -- of a reply: the same one twice is one line
    check (patient_id is not null or phone_hash is not null),
    check ((said_by = '') = (relation = ''))
);
create index consent_patient on consent (patient_id, id desc) where patient_id is not null;
create index consent_phone on consent (phone_hash, id desc) where phone_hash is not null;
create trigger consent_append_only before update or delete on consent
    for each row execute function refuse_change();

-- For what purpose a message needs the person's consent; '' it belongs to the matter they raised themselves.
alter table message add column consent text not null default '';

-- A person's request about their own data is a case (appeal type 个人信息); here is what a case does not know.
create table privacy_request (
    case_id bigint primary key references cases,
    patient_id bigint not null references patient,
    rights text[] not null,                  -- read copy correct erase restrict explain
    asker text not null,                     -- who asks: the person, guardian, agent, next of kin (Art. 49)
    asker_name text not null default '',
    identity_way text not null,
    identity_note text not null,
    checked_by bigint references staff,
    checked_name text not null,
    checked_at timestamptz not null
);
create index privacy_request_patient on privacy_request (patient_id);

-- Everything about one person as a ZIP; fetched while it is not expired.
create table privacy_package (
    id uuid primary key default gen_random_uuid(),
    case_id bigint not null references privacy_request,
    job_id bigint references job,
    state text not null default 'running' check (state in ('running', 'done', 'failed')),
    file_id uuid references stored_file,
    sha256 text not null default '',
    parts jsonb not null default '{}',       -- name of a part -> how many records
    error text not null default '',
    asked_by bigint references staff,
    asked_name text not null,
    asked_at timestamptz not null,
    made_at timestamptz,
    expires_at timestamptz,
    fetched int not null default 0
);
create index privacy_package_case on privacy_package (case_id, asked_at desc);

create table privacy_correction (
    id bigint generated always as identity primary key,
    case_id bigint not null references privacy_request,
    patient_id bigint not null references patient,
    field text not null,
    before bytea,                            -- sealed: what stood there is personal data still
    after bytea,
    reason text not null,
    by_id bigint references staff,
    by_name text not null,
    at timestamptz not null
);
create index privacy_correction_patient on privacy_correction (patient_id, id);
create trigger privacy_correction_by_hand before delete on privacy_correction
    for each row execute function refuse_change();

-- What became of each kind of record when a person asked that it be deleted.
create table privacy_erasure (
    id bigint generated always as identity primary key,
    case_id bigint not null references privacy_request,
    patient_id bigint not null references patient,
    what text not null,                      -- a member of tickets.privacy.erasing.REGISTER
    outcome text not null check (outcome in ('erased', 'blocked', 'kept')),
    ground text not null default '',         -- the law by which it stays
    amount int not null default 0,
    by_id bigint references staff,
    by_name text not null,
    at timestamptz not null
);
create index privacy_erasure_case on privacy_erasure (case_id, id);
create trigger privacy_erasure_append_only before update or delete on privacy_erasure
    for each row execute function refuse_change();

-- 《个人信息保护法》 Art. 47: what the law keeps is stored and secured, and used for nothing else.
create table patient_block (
    patient_id bigint primary key references patient,
    case_id bigint not null references cases,
    ground text not null,
    at timestamptz not null,
    by_name text not null
);

insert into deadline_rule (source, appeal_type, kind, amount, unit, basis) values
    ('feedback', '个人信息', 'hospital', 15, 'working_days',
     '《个人信息保护法》第四十五条、第五十条：应当及时提供、受理和处理；15 个工作日为医院承诺')
on conflict do nothing;
