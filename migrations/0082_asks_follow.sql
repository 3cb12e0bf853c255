-- Asks follow what the hospital's systems take back: an admission, a discharge, a merge, whose visit it was.

alter table survey_ask
    add column after_end boolean not null default false,  -- asked about a stay that was over: waits when its discharge is cancelled
    drop constraint survey_ask_stopped_because_check,
    add check (stopped_because in ('', 'death', 'visit', 'reopened', 'moved'));
update survey_ask a set after_end = true from visit v
    where v.id = a.visit_id and v.kind = 'inpatient' and v.state = 'closed' and a.created_at::date >= v.end_on;
-- Each visit that opens, ends or moves looks for what waits for an answer about it.
create index survey_ask_visit on survey_ask (visit_id) where visit_id is not null;
-- A proposal of a visit that never was is kept, so that it stands again when the cancel is taken back.
alter table visit_link
    drop constraint visit_link_state_check,
    add check (state in ('proposed', 'confirmed', 'rejected', 'withdrawn'));
