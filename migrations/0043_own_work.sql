-- A post may reach only what its holder works on themselves (数据范围：本人). Such a person stands among the "units" of a
-- case by the negative of their id, so that every list, search and export obeys it through the index it uses anyway.
alter table post add column own boolean not null default false;
alter table post_planned add column own boolean not null default false;

-- Whoever once worked on a case stays concerned with it: what is rewritten from tickets (positive) keeps them (negative).
create function case_keeps_its_people() returns trigger language plpgsql as $$
begin
    new.unit_ids := (
        select coalesce(array_agg(distinct x order by x), '{}') from (
            select unnest(new.unit_ids) as x
            union select x from unnest(case tg_op when 'UPDATE' then old.unit_ids end) x where x < 0
            union select -new.handler_id where new.handler_id is not null
        ) all_of_them
    );
    return new;
end $$;
create trigger case_people before update of unit_ids, handler_id on cases for each row
    when (new.handler_id is distinct from old.handler_id or new.unit_ids is distinct from old.unit_ids)
    execute function case_keeps_its_people();

create trigger case_person before insert on cases for each row
    when (new.handler_id is not null) execute function case_keeps_its_people();

create function ticket_tells_its_holder() returns trigger language plpgsql as $$
begin
    update cases set unit_ids = unit_ids || -new.holder_id
    where id = new.case_id and not unit_ids @> array[-new.holder_id];
    return null;
end $$;
create trigger ticket_holder after update of holder_id on ticket for each row
    when (new.holder_id is not null and new.holder_id is distinct from old.holder_id)
    execute function ticket_tells_its_holder();
create trigger ticket_born_held after insert on ticket for each row
    when (new.holder_id is not null) execute function ticket_tells_its_holder();

update cases c set unit_ids = c.unit_ids || (
    select array_agg(distinct -x) from (
        select c.handler_id as x where c.handler_id is not null
        union select t.holder_id from ticket t where t.case_id = c.id and t.holder_id is not null
    ) people
) where c.handler_id is not null or exists (select 1 from ticket t where t.case_id = c.id and t.holder_id is not null);
