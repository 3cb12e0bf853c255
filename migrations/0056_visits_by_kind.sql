-- Which patients have visits of a kind is answered by the index alone: of those who bear a mark, the ones that a list can
-- hold at all.
drop index visit_patient;
create index visit_patient on visit (patient_id, start_on desc) include (kind);
