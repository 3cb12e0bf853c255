-- Scores by department that served (SV-5): what a row of statistics says of which department, and the way to the responses.

alter table survey_row
    add column served bigint[] not null default '{}',       -- beside `codes`: the department the answer in that place is about
    add column about_scores smallint[] not null default '{}',  -- places (`survey_score_slot`) of scores by department …
    add column about_units bigint[] not null default '{}',     -- … the department that served; null: none is known
    add column about_values float8[] not null default '{}';    -- … and the score it was given

-- From a department's score to the responses it was made of.
create index response_score_unit on response_score (unit_id, response_id) where unit_id is not null;

-- A number drawn anew whenever rows of a questionnaire change: what was counted under another is not told again.
create table survey_row_state (
    questionnaire_id bigint primary key references questionnaire,
    revision bigint not null
);

-- Rows of visits whose departments are known are derived anew.
insert into survey_row_due (response_id, questionnaire_id)
    select r.id, r.questionnaire_id from response r where r.state = 'completed'
    and exists (select 1 from visit_serving s where s.visit_id = r.visit_id and s.questionnaire_id = r.questionnaire_id);
