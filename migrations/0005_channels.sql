-- Outgoing messages: what is to be said to whom, every attempt to say it, and the cards that lie on phones.

create table message (
    id bigint generated always as identity primary key,
    key text not null unique,                -- the caller's idempotency key: the same key is one message
    purpose text not null,                   -- what it is for, dotted: ticket.assigned, case.result
    lane text not null check (lane in ('urgent', 'normal', 'bulk')),
    subject text not null default '',        -- what it is about, opaque here: "ticket:12"
    receiver_kind text not null check (receiver_kind in ('staff', 'person', 'group')),
    receiver_id bigint not null,
    receiver_name text not null,
    wecom_userid text not null default '',
    wecom_chatid text not null default '',
    phone bytea,
    phone_hash bytea,
    openid bytea,
    text text not null,                      -- the words for a transport that has none of its own in `texts`
    texts jsonb not null default '{}',       -- transport -> words
    card jsonb,
    file_id uuid references stored_file,
    secret boolean not null default false,   -- the words are wiped once they are sent
    ladder text[] not null,                  -- transports, first to last
    step int not null default 0,             -- index into `ladder`
    tries int not null default 0,            -- attempts on this step
    attempts int not null default 0,         -- attempts altogether; the number of the newest message_attempt
    state text not null default 'waiting'
        check (state in ('waiting', 'sending', 'sent', 'delivered', 'failed', 'cancelled', 'bundled')),
    reason text not null default '',         -- why it failed, was cancelled, or waits
    not_before timestamptz not null,
    bundle_key text not null default '',     -- messages of one key that wait together become one
    bundled_into bigint references message,
    trace_id text not null default '',
    created_at timestamptz not null,
    sent_at timestamptz,
    done_at timestamptz
) with (fillfactor = 80);
create index message_subject on message (subject, id) where subject <> '';
create index message_receiver on message (receiver_kind, receiver_id, id);
create index message_bundle on message (bundle_key) where state = 'waiting' and bundle_key <> '';
create index message_open on message (not_before) where state in ('waiting', 'sending');
create index message_phone on message (phone_hash, sent_at desc) where phone_hash is not null;
create index message_failed on message (id) where state = 'failed';

-- One attempt at one transport. Written as 'begun' before the call, so that a killed process repeats the same
-- attempt under the same idempotency key and the other side sees one message.
create table message_attempt (
    message_id bigint not null references message,
    no int not null,
    transport text not null,
    outcome text not null default 'begun'
        check (outcome in ('begun', 'sent', 'delivered', 'undelivered', 'no_receipt', 'retry', 'quota', 'permanent',
                           'unreachable_person', 'misconfigured', 'context_gone', 'fallback')),
    code text not null default '',
    vendor_id text not null default '',
    segments int not null default 0,         -- of an SMS, as charged
    error text not null default '',
    at timestamptz not null,
    done_at timestamptz,
    primary key (message_id, no)
);
create index message_attempt_vendor on message_attempt (transport, vendor_id) where vendor_id <> '';
create index message_attempt_recent on message_attempt (transport, outcome, at desc);

-- A receipt that came before the attempt it is about was written down; taken when the attempt is.
create table early_receipt (
    transport text not null,
    vendor_id text not null,
    delivered boolean not null,
    code text not null default '',
    at timestamptz not null,
    primary key (transport, vendor_id)
);

-- A card as it lies on one person's phone. A response code updates it once; each click brings a fresh one.
create table card_copy (
    id bigint generated always as identity primary key,
    message_id bigint not null references message,
    task_id text not null unique,
    transport text not null default '',      -- empty until it is sent
    userid text not null,
    subject text not null,
    response_code bytea,
    code_expires_at timestamptz,
    code_taken boolean not null default false, -- a call that uses the code has begun
    state text not null default 'live' check (state in ('live', 'updated', 'stale')),
    wanted jsonb,                            -- what it shall show; null: what was sent
    wanted_no int not null default 0,
    shown_no int not null default 0,
    shown bytea not null,                    -- hash of what it shows
    busy_until timestamptz,
    created_at timestamptz not null,
    changed_at timestamptz not null
);
create index card_copy_subject on card_copy (subject, id) where state <> 'stale';
create index card_copy_message on card_copy (message_id);

-- An outside system says that it is set up wrongly: seen by an operator until a call succeeds again.
create table channel_alarm (
    id bigint generated always as identity primary key,
    system text not null,
    code text not null,
    message text not null,                   -- the vendor's own words, shortened
    advice text not null,                    -- what an administrator does about it
    count int not null default 1,
    first_at timestamptz not null,
    last_at timestamptz not null,
    cleared_at timestamptz
);
create unique index channel_alarm_open on channel_alarm (system, code) where cleared_at is null;

-- Frames for the intelligent bot's one long connection: any process writes, the process that holds the line sends.
create table bot_frame (
    id bigint generated always as identity primary key,
    key text not null unique,
    cmd text not null,
    req_id text not null default '',         -- of the event that is answered; empty: the line makes one
    body jsonb not null,
    state text not null default 'due' check (state in ('due', 'sent', 'answered', 'withdrawn')),
    errcode int,
    errmsg text not null default '',
    answer jsonb,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    done_at timestamptz
);
create index bot_frame_due on bot_frame (id) where state = 'due';
