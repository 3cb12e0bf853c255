-- What is rare and had no index: a bed of years ago, a way of leaving, a level of triage, an employer, a laboratory value among
-- physical examinations. Lists begin with it then (decision 0029, 0038).

-- The examination (体检) a result belongs to; null: none, or its report was cancelled. Other results of the house, a hundred
-- times as many, stay out of these indexes.
alter table report_item add column exam_visit bigint;
update report_item i set exam_visit = v.id from report r join visit v on v.id = r.visit_id
where r.id = i.report_id and v.kind = 'exam' and r.state <> 'cancelled';
create function report_item_exam() returns trigger language plpgsql as $$
begin
    select v.id into new.exam_visit from report r join visit v on v.id = r.visit_id
    where r.id = new.report_id and v.kind = 'exam' and r.state <> 'cancelled';
    return new;
end $$;
create trigger report_item_exam before insert on report_item for each row execute function report_item_exam();
create function report_exam() returns trigger language plpgsql as $$
begin
    update report_item set exam_visit = (
        select v.id from visit v where v.id = new.visit_id and v.kind = 'exam' and new.state <> 'cancelled')
    where report_id = new.id;
    return null;
end $$;
create trigger report_exam after update of visit_id, state on report for each row
    when (old.visit_id is distinct from new.visit_id or (old.state = 'cancelled') <> (new.state = 'cancelled'))
    execute function report_exam();
create function visit_exam() returns trigger language plpgsql as $$
begin
    update report_item i set exam_visit = case when new.kind = 'exam' then new.id end
    from report r where r.visit_id = new.id and i.report_id = r.id and r.state <> 'cancelled';
    return null;
end $$;
create trigger visit_exam after update of kind on visit for each row
    when (old.kind <> new.kind and 'exam' in (old.kind, new.kind)) execute function visit_exam();

create index report_item_exam on report_item (name, amount, exam_visit) where exam_visit is not null;
create index report_item_exam_visit on report_item (exam_visit, name, amount) where exam_visit is not null;
create index report_item_exam_critical on report_item (exam_visit) where critical and exam_visit is not null;

create index report_abnormal on report (visit_id) where abnormal;   -- small where few are, and then asked for each visit

create index visit_left_bed on visit (bed, end_on desc, id desc) where kind = 'inpatient' and state = 'closed' and bed <> '';
create index visit_left_way on visit (disposition, end_on desc, id desc) where kind = 'inpatient' and state = 'closed';
create index visit_triage on visit (triage, start_on desc, id desc) where kind = 'emergency';
create index visit_employer_grams on visit using gin (grams(employer)) where kind = 'exam' and employer <> '';
