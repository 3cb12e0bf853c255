-- Whether the connection to a view's database is encrypted, and the other side's certificate checked. Links made before
-- were not.
alter table feed_link add column tls boolean not null default false;
