-- What outside systems sent is sealed at rest; what stands there from before is sealed by `manage.py keys --rotate`, which
-- `manage.py migrate` asks for.
alter table inbound
    add column sealed boolean not null default false, -- whether body is encrypted
    add column original bytea;                        -- sealed: the body as it came, once somebody has repaired it
