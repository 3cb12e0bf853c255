-- What the hospital's systems tell stops what runs for a patient: asks are ended, and run again when it was not so.

alter table survey_ask
    add column stopped_because text not null default '' check (stopped_because in ('', 'death', 'visit')),
    add column open_before timestamptz;               -- until when it was open before it was stopped
