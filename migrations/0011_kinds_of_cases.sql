-- Ground for every kind of case: petitions and feedback beside the hotline, secret ones, one matter of many cases.

-- Kinds of clocks are data of the program (tickets/clock_kinds.py).
alter table clock drop constraint clock_kind_check;

-- 检举控告（《信访工作条例》 Art. 30）: who is accused, with all their units; they never see the case.
alter table cases
    add column secret boolean not null default false,
    add column barred_unit_ids bigint[] not null default '{}',
    add column barred_staff_ids bigint[] not null default '{}',
    add column matter_id bigint,                 -- one matter, many voices (tickets/matters)
    add column merged_into bigint references cases,
    add column merged_at timestamptz,
    add constraint cases_not_merged_into_itself check (merged_into is distinct from id);
create index cases_secret on cases (id desc) where secret;
create index cases_matter on cases (matter_id) where matter_id is not null;
create index cases_merged on cases (merged_into) where merged_into is not null;

insert into deadline_rule (source, appeal_type, kind, amount, unit, basis) values
    ('petition', '', 'notice', 15, 'calendar_days', '《信访工作条例》第二十三条'),
    ('petition', '', 'objection', 5, 'working_days', '《信访工作条例》第二十三条'),
    ('petition', '', 'decision', 60, 'calendar_days', '《信访工作条例》第三十四条'),
    ('petition', '', 'review_window', 30, 'calendar_days', '《信访工作条例》第三十五条'),
    ('petition', '', 'review', 30, 'calendar_days', '《信访工作条例》第三十五条'),
    ('petition', '', 'rereview_window', 30, 'calendar_days', '《信访工作条例》第三十六条'),
    ('petition', '', 'rereview', 30, 'calendar_days', '《信访工作条例》第三十六条'),
    ('petition', '', 'department', 15, 'calendar_days', '院内约定'),
    ('feedback', '投诉', 'hospital', 5, 'working_days', '《医疗机构投诉管理办法》（国家卫健委令第3号）：5 个工作日内反馈'),
    ('feedback', '举报', 'hospital', 10, 'working_days', '院内约定'),
    ('feedback', '咨询', 'hospital', 2, 'working_days', '院内约定'),
    ('feedback', '', 'hospital', 5, 'working_days', '院内约定'),
    ('feedback', '咨询', 'department', 1, 'working_days', '院内约定'),
    ('feedback', '', 'department', 3, 'working_days', '院内约定')
on conflict do nothing;
