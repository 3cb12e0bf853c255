-- A second step that leads nowhere: asked of who gave a wrong password, so that the first step tells nothing.
alter table login_pending alter column staff_id drop not null;
alter table login_pending add column decoy_of text not null default ''; -- the number that was typed; empty: a real one
alter table login_pending add constraint login_pending_whose check ((staff_id is null) = (decoy_of <> ''));
