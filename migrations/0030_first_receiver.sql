-- 首诉负责制 (《医疗机构投诉管理办法》 第十七条): the department that was approached first registers what it was told.
-- Who registered is kept, so that they can follow what became of it without seeing what others wrote into the case.
alter table feedback add column registered_by_id bigint references staff;
create index feedback_registered on feedback (registered_by_id, case_id desc) where registered_by_id is not null;
