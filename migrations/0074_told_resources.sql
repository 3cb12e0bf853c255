-- Senders that tell things whole and by version (FHIR): which version of a resource stands, so that an older one that
-- comes late changes nothing, and a newer one takes back all that the older one said (IN-3). `gone`: that it was deleted.
create table told_resource (
    name text not null,                       -- "Encounter/e1", with the prefix of its system
    gone boolean not null,
    message_id bigint not null,
    at timestamptz not null,
    rank text not null,
    version text not null default '',         -- the sender's counting, such that it sorts
    dated boolean not null,                   -- whether the sender told the time, or it is the time at which it came
    primary key (name, gone)
);
create index told_resource_message on told_resource (message_id);

-- A record that its system no longer uses (FHIR active = false, or the resource was deleted); its visits stay.
alter table patient add column inactive boolean not null default false;
