"""The one statement that opens a case: raw order, case, round, tickets, clocks, due rows, history, audit, outbox.

One round trip instead of some twenty, because a hotline sends its orders in bursts; nothing is written when
the number is known already. Parameters are listed beside `receiving.OpenCase`.
"""

OPEN_CASE = """
with ids as (
    select nextval(pg_get_serial_sequence('inbound', 'id')) as inbound_id
), fresh as (
    insert into cases (source, external_no, platform_no, content_hash, state, title, content, appeal_type, category,
        caller_name, caller_gender, caller_phone, caller_phone_hash, contact_phone, contact_phone_hash,
        confidential, anonymous, reply_required, occurred_at, place, campus_id, departments, persons, patient_name,
        patient_number, urgency, role, channel, dispatched_at, received_at, unit_ids, due_at, provisional,
        registered_by, import_id, handler_id, inbound_id)
    select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23,
        $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, inbound_id from ids
    on conflict (source, external_no) do nothing returning id, inbound_id
), raw as (
    insert into inbound (id, source, external_id, body, state, done_at, trace_id) overriding system value
    select inbound_id, 'order', $2 || '#' || inbound_id, $37, 'done', $30, $38 from fresh
), opened as (
    insert into case_round (case_id, no, opened_at, opened_because) select id, 1, $30, '来单' from fresh
), tickets as (
    insert into ticket (case_id, unit_id, path, role, state, assigned_at, due_at)
    select fresh.id, u.unit_id, u.path, u.role, 'assigned', $30, $42
    from fresh, unnest($39::bigint[], $40::text[], $41::text[]) as u(unit_id, path, role)
    returning id, unit_id
), clocks as (
    insert into clock (case_id, ticket_id, kind, start_at, due_at, provisional, reason, rule)
    select fresh.id, t.id, l.kind, $30, l.due_at, l.provisional, l.reason, l.rule::jsonb
    from fresh cross join unnest($43::text[], $44::timestamptz[], $45::boolean[], $46::text[], $47::text[])
        as l(kind, due_at, provisional, reason, rule)
    left join tickets t on l.kind = 'department'
    where l.kind <> 'department' or t.id is not null
    returning id, kind
), asked as (
    insert into due (due_at, kind, ref, ref_version, step, trace_id)
    select f.at, 'clock.step', clocks.id, 1, 1, $38
    from clocks join unnest($43::text[], $48::timestamptz[]) as f(kind, at) on f.kind = clocks.kind
), story as (
    insert into history (case_id, ticket_id, round, verb, state_to, actor_id, actor_name, door, at, text, detail)
    select id, null::bigint, 1, 'receive', $5::text, $49::bigint, $50::text, $51::text, $30::timestamptz, '', '{}'::jsonb from fresh
    union all
    select fresh.id, tickets.id, 1, 'assign', 'assigned', $49::bigint, $50::text, $51::text, $30::timestamptz, '',
        jsonb_build_object('unit_to', tickets.unit_id) from fresh, tickets
), line as (
    insert into audit (at, actor_kind, actor_id, actor_name, door, address, action, subject, subject_id, detail, trace_id)
    select $30, $52, $49, $50, $51, $53, 'case.receive', 'case', id, jsonb_build_object('order_no', $2::text), $38
    from fresh returning id
), unsealed as (
    insert into audit_unsealed (audit_id) select id from line
), told as (
    insert into outbox (event, reaction, payload, trace_id)
    select 'CaseReceived', r, jsonb_build_object('case_id', fresh.id), $38 from fresh, unnest($54::text[]) as c(r)
    union all
    select 'TicketAssigned', r, jsonb_build_object('ticket_id', tickets.id), $38
    from tickets, unnest($55::text[]) as c(r)
)
select id, inbound_id from fresh
"""
