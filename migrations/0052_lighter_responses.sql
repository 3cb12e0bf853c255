-- What a response that is handed in costs: one row due for all of a statement, and no entries in indexes for what it has not.
create function survey_rows_are_due() returns trigger language plpgsql as $$
begin
    insert into survey_row_due (response_id, questionnaire_id)
        select id, questionnaire_id from fresh where state = 'completed';
    return null;
end $$;
drop trigger survey_row_new on response;
create trigger survey_row_new after insert on response referencing new table as fresh
    for each statement execute function survey_rows_are_due();

drop index response_ask;
create index response_ask on response (ask_id) where ask_id is not null;
drop index response_once;
create unique index response_once on response (ask_id) where state = 'completed' and ask_id is not null;
drop index response_patient;
create index response_patient on response (patient_id, completed_at desc) where patient_id is not null;
drop index response_unit;
create index response_unit on response (unit_id, completed_at desc, id desc)
    where state = 'completed' and unit_id is not null;
