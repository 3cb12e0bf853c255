-- Names of departments in messages of feeds that lead to no unit: why a message is parked, so that a name that is mapped
-- once lets everything go on that waited for it. Counts only while the message is parked; goes with it.
create table feed_lost_name (
    message_id bigint primary key references feed_message on delete cascade,
    name text not null,
    site text not null default ''                       -- the campus as the message says it
);
create index feed_lost_name_name on feed_lost_name (name, site);
