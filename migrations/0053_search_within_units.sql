-- Words are looked for within the departments that a person sees: the same index answers both, where before the rarer of
-- the two was gathered whole and each text or case of it looked at.
alter table case_search add column unit_ids bigint[] not null default '{}';
update case_search s set unit_ids = c.unit_ids from cases c where c.id = s.case_id and c.unit_ids <> '{}';
drop index case_search_tokens;
create index case_search_tokens on case_search using gin (tokens, unit_ids);

-- Both ways round, so that neither can be late: a text that is written waits for whoever moves its case and then reads
-- where it is; a case that moves takes its text along.
create function case_search_units() returns trigger language plpgsql as $$
begin
    select unit_ids into new.unit_ids from cases where id = new.case_id for share;
    new.unit_ids := coalesce(new.unit_ids, '{}');
    return new;
end $$;
create trigger case_search_units before insert on case_search for each row when (new.unit_ids = '{}')
    execute function case_search_units();
create function case_moves_its_text() returns trigger language plpgsql as $$
begin
    update case_search set unit_ids = new.unit_ids where case_id = new.id;
    return null;
end $$;
create trigger case_moves_its_text after update of unit_ids on cases for each row
    when (old.unit_ids is distinct from new.unit_ids) execute function case_moves_its_text();
