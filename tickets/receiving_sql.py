"""The one statement that opens cases: raw order, case, round, tickets, clocks, due rows, history, audit, outbox, files.

One round trip for a whole batch instead of some twenty for each order, because a hotline sends its orders in
bursts. Nothing is written for an order whose number is known already; what is new is written whole or, when
anything fails, not at all. The parameters are the columns of `tickets.opening`, in that order.

Texts without control characters come in (tickets/order_fields.py), so U+001F separates the members of a list.
"""

OPEN_CASES = """
with given as (
    select nextval('cases_id_seq') as id, nextval('inbound_id_seq') as inbound_id, g.*
    from unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
        $9::text[], $10::text[], $11::text[], $12::bytea[], $13::bytea[], $14::bytea[], $15::bytea[],
        $16::boolean[], $17::boolean[], $18::boolean[], $19::timestamptz[], $20::text[], $21::bigint[],
        $22::text[], $23::text[], $24::text[], $25::text[], $26::text[], $27::text[], $28::text[],
        $29::timestamptz[], $30::text[], $31::timestamptz[], $32::boolean[], $33::bytea[], $34::text[])
    as g(n, external_no, platform_no, content_hash, state, title, content, appeal_type, category, caller_name,
        caller_gender, caller_phone, caller_phone_hash, contact_phone, contact_phone_hash, confidential, anonymous,
        reply_required, occurred_at, place, campus_id, departments, persons, patient_name, patient_number, urgency,
        role, channel, dispatched_at, unit_ids, due_at, provisional, body, trace_id)
), fresh as (
    insert into cases (id, source, external_no, platform_no, content_hash, state, title, content, appeal_type,
        category, caller_name, caller_gender, caller_phone, caller_phone_hash, contact_phone, contact_phone_hash,
        confidential, anonymous, reply_required, occurred_at, place, campus_id, departments, persons, patient_name,
        patient_number, urgency, role, channel, dispatched_at, received_at, unit_ids, due_at, provisional,
        registered_by, import_id, inbound_id)
    select id, $35, external_no, platform_no, content_hash, state, title, content, appeal_type,
        category, caller_name, caller_gender, caller_phone, caller_phone_hash, contact_phone, contact_phone_hash,
        confidential, anonymous, reply_required, occurred_at, place, campus_id,
        string_to_array(departments, e'\\x1f'), string_to_array(persons, e'\\x1f'), patient_name,
        patient_number, urgency, role, channel, dispatched_at, $36, string_to_array(unit_ids, ',')::bigint[],
        due_at, provisional, $38, $37, inbound_id
    from given
    on conflict (source, external_no) do nothing returning id
), opening as (
    select g.id, g.inbound_id, g.n, g.external_no, g.state, g.body, g.trace_id from given g join fresh f on f.id = g.id
), raw as (
    insert into inbound (id, source, external_id, body, sealed, state, done_at, trace_id) overriding system value
    select inbound_id, 'order', external_no || '#' || inbound_id, body, true, 'done', $36, trace_id from opening
), opened as (
    insert into case_round (case_id, no, opened_at, opened_because) select id, 1, $36, '来单' from opening
), tickets as (
    insert into ticket (case_id, unit_id, path, role, state, assigned_at, due_at)
    select o.id, t.unit_id, t.path, t.role, 'assigned', $36, t.due_at
    from unnest($43::int[], $44::bigint[], $45::text[], $46::text[], $47::timestamptz[])
        as t(n, unit_id, path, role, due_at)
    join opening o on o.n = t.n
    returning id, case_id, unit_id
), clocks as (
    insert into clock (case_id, ticket_id, kind, start_at, due_at, provisional, reason, rule)
    select o.id, t.id, l.kind, l.start_at, l.due_at, l.provisional, l.reason, l.rule::jsonb
    from unnest($48::int[], $49::text[], $50::timestamptz[], $51::timestamptz[], $52::boolean[], $53::text[],
        $54::text[]) as l(n, kind, start_at, due_at, provisional, reason, rule)
    join opening o on o.n = l.n
    left join tickets t on l.kind = 'department' and t.case_id = o.id
    where l.kind <> 'department' or t.id is not null
    returning id, case_id, kind
), asked as (
    insert into due (due_at, kind, ref, ref_version, step, trace_id)
    select f.at, 'clock.step', c.id, 1, 1, o.trace_id
    from clocks c
    join opening o on o.id = c.case_id
    join unnest($48::int[], $49::text[], $55::timestamptz[]) as f(n, kind, at) on f.n = o.n and f.kind = c.kind
), story as (
    insert into history (case_id, ticket_id, round, verb, state_to, actor_id, actor_name, door, at, text, detail)
    select id, null::bigint, 1, 'receive', state, $39::bigint, $38::text, $40::text, $36::timestamptz, '',
        '{}'::jsonb from opening
    union all
    select case_id, id, 1, 'assign', 'assigned', $39::bigint, $38::text, $40::text, $36::timestamptz, '',
        jsonb_build_object('unit_to', unit_id) from tickets
), kept as (
    insert into attachment (case_id, kind, file_id, name, added_by, added_at)
    select o.id, 'original', a.file_id, a.name, $38, $36
    from unnest($58::int[], $59::uuid[], $60::text[]) as a(n, file_id, name) join opening o on o.n = a.n
), line as (
    insert into audit (at, actor_kind, actor_id, actor_name, door, address, action, subject, subject_id, detail,
        trace_id)
    select $36, $41, $39, $38, $40, $42, 'case.receive', 'case', id,
        jsonb_build_object('order_no', external_no), trace_id
    from opening returning id
), unsealed as (
    insert into audit_unsealed (audit_id) select id from line
), told as (
    insert into outbox (event, reaction, payload, trace_id)
    select 'CaseReceived', r, jsonb_build_object('case_id', o.id), o.trace_id
    from opening o, unnest($56::text[]) as c(r)
    union all
    select 'TicketAssigned', r, jsonb_build_object('ticket_id', t.id), o.trace_id
    from tickets t join opening o on o.id = t.case_id, unnest($57::text[]) as c(r)
)
select n, id from opening
"""
