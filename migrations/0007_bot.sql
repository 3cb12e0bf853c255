-- The bot: what it has asked a person and waits for.

create table conversation (
    staff_id bigint primary key references staff,
    place text not null,                     -- "wecom", or the room it was asked in: "room:12"
    action text not null,
    subject_id bigint not null,
    asked text not null,
    known jsonb not null default '{}',
    expires_at timestamptz not null
);
