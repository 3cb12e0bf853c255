-- The bot: what it has asked a person and waits for, and the files it was handed.

create table conversation (
    id bigint generated always as identity primary key,
    staff_id bigint not null unique references staff,
    way text not null check (way in ('wecom_app', 'wecom_bot', 'room')),
    place text not null,                     -- "" in private, "group:<chatid>", or the room: "room:12"
    actions text[] not null,                 -- what is being filled in; several when the subject decides which
    subject_id bigint,                       -- null while we ask which one is meant
    asked text not null,                     -- the field waited for; "#…" is a question of the bot's own
    known jsonb not null default '{}',
    rest text not null default '',           -- words given before it was clear which action they are for
    options text[] not null default '{}',    -- what was offered under 1., 2., …
    step int not null default 0,             -- grows with every question; a time-out of an earlier one is void
    expires_at timestamptz not null
);

-- A photo or document somebody sent; the bytes are fetched by a job and become evidence once the ticket is known.
create table bot_file (
    id bigint generated always as identity primary key,
    staff_id bigint not null references staff,
    way text not null,
    place text not null default '',
    inbound_id bigint references inbound,    -- where its address stands; fetched at once, since that dies early
    part int not null default 0,
    ticket_id bigint references ticket,      -- null while we ask which one is meant
    file_id uuid references stored_file,
    name text not null default '',
    state text not null default 'fetching'
        check (state in ('fetching', 'kept', 'attached', 'dropped', 'failed')),
    created_at timestamptz not null,
    unique (inbound_id, part)
);
create index bot_file_waiting on bot_file (staff_id) where ticket_id is null and state in ('fetching', 'kept');

-- "What waits for me", asked from chat many times a day.
create index ticket_waiting on ticket (state, due_at)
    where state in ('assigned', 'in_progress', 'paused', 'answered', 'endorsed', 'returned');

-- What the newest card of a matter on a phone offers. A response code corrects a card once, so a card is corrected
-- only when its next step is another one.
create table card_shown (
    subject text not null,
    userid text not null,
    state text not null,
    majors text[] not null,
    primary key (subject, userid)
);
