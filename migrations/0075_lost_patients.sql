-- Identifiers of patients in messages (FHIR logical references) that nobody has yet: why a message is parked, so that it is
-- taken again once somebody has that identifier. Counts only while the message is parked; goes with it.
create table feed_lost_patient (
    message_id bigint primary key references feed_message on delete cascade,
    kind text not null default '',            -- of identifier, "" for any
    value_hash bytea not null
);
create index feed_lost_patient_value on feed_lost_patient (value_hash);
