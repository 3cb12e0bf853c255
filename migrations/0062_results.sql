-- What a laboratory says beside a result, how far the result is, and what stands beside a whole report (PT-2, IN-3).
alter table report_item add column state text not null default 'final'
    check (state in ('final', 'preliminary', 'corrected'));
alter table report_item add column note text not null default '';
alter table report add column note text not null default '';

-- Two records that a system asks to merge though a person has parted them: proposed anew, and not taken back by a rule.
alter table patient_pair add column asked_by text not null default '';
