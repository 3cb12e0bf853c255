-- Whom a message is about, where that is somebody else than who gets it (a mother is reminded of her child's visit):
-- what the house wants of its own accord is not said of one who has died, to whomever.
alter table message add column about_id bigint references patient;
create index message_about on message (about_id, id) where about_id is not null;
