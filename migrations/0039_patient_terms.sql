-- What people agree to on the patient side, and how a terminal's card reader proves what it read.

alter table terminal add column bridge_key bytea;         -- sealed; the bridge beside the terminal signs each card with it
alter table portal_session add column card_kind text not null default '';

-- A number that a page of a terminal gives out before a card is read; the answer of the bridge must carry it.
create table card_challenge (
    nonce_hash bytea primary key,
    terminal_id bigint not null references terminal,
    made_at timestamptz not null,
    used_at timestamptz
);
create index card_challenge_made on card_challenge (made_at);

insert into portal_terms (kind, version, title, body, published_by, published_at) values
('service', 1, '患者端服务与个人信息说明',
'一、我们处理什么信息：您的手机号、微信标识、登录记录，以及您在这里填写的问卷、反馈和附件。
二、为了什么：为您提供满意度问卷、意见反馈、办理进度查询和就诊相关服务，并按规定留存操作记录。
三、怎样保护：信息加密保存，仅限履行职责的工作人员按权限查阅，每次查阅均有记录；不会用于商业营销，也不会提供给无关的第三方。
四、您的权利：可以随时查阅、复制、更正您的信息，撤回同意、注销绑定，或提出删除申请；在“我的 - 个人信息权利”中办理。
五、未成年人：不满十四周岁的，由父母或其他监护人绑定和同意。
六、保存多久：在实现上述目的所必需的时间内保存；法律、行政法规另有规定的从其规定。', '出厂文本', now()),
('binding', 1, '绑定就诊人同意书',
'我确认：
一、所填写的就诊人姓名、证件号码真实，我是本人，或者已取得就诊人本人的同意（就诊人为不能独立处理事务的人时，我是其监护人）。
二、我同意医院为我展示该就诊人的就诊记录摘要、待填问卷和反馈办理情况，并通过我的账号向该就诊人提供上述服务。就诊信息属于敏感个人信息，绑定后凭本账号即可查看。
三、我可以随时解除绑定；就诊人本人也可以到服务台要求解除。冒用他人身份的，由行为人承担法律责任。', '出厂文本', now()),
('guardian', 1, '监护人同意书（不满十四周岁）',
'依照《中华人民共和国个人信息保护法》第三十一条，处理不满十四周岁未成年人的个人信息，应当取得其父母或者其他监护人的同意。
我确认：我是该儿童的父母或其他监护人，同意医院为向该儿童提供诊疗相关服务、满意度问卷和反馈办理的目的，处理其个人信息（含就诊信息）；我可以随时撤回同意，撤回不影响此前已进行的处理，也不影响该儿童就医。', '出厂文本', now());
