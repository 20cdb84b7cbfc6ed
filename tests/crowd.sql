-- Applications numbered first to last, evenly over a client's requisitions, each with what carrying
-- has left of it: person, arrival, transitions, effects, clocks, deliveries. They are open and have
-- just entered one of the stages; without any, they were rejected at the screen in the last 700 days.
CREATE TEMPORARY TABLE crowd ON COMMIT DROP AS
SELECT 1000000 + n AS id, n, r.client, r.id AS requisition_id, r.key || '.' || n AS key,
       'Applicant Number ' || n AS name, 'applicant.' || n || '@mail.example' AS email,
       '+1' || 4150000000 + n AS phone, since - interval '2 days' AS applied_at, since,
       coalesce(stage, 'screening') AS stage, stage IS NULL AS ended,
       coalesce(2 * array_position(CAST(:order AS text[]), stage), 5) AS seq
FROM generate_series(CAST(:first AS int), CAST(:last AS int)) n
CROSS JOIN LATERAL (
    SELECT (CAST(:stages AS text[]))[1 + abs(hashint4(n)) % greatest(
        cardinality(CAST(:stages AS text[])), 1)] AS stage) at
CROSS JOIN LATERAL (SELECT CAST(:as_of AS timestamptz)
    - CASE WHEN stage IS NULL THEN n % 700 ELSE 0 END * interval '1 day' AS since) left_at
JOIN (SELECT id, client, key, row_number() OVER (ORDER BY id) - 1 AS number,
             count(*) OVER () AS all_of_them
      FROM requisition WHERE client = :client) r ON r.number = n % r.all_of_them;

INSERT INTO person (id, client, key, name) SELECT id, client, key, name FROM crowd;

INSERT INTO contact_point (client, person_id, kind, value)
SELECT client, id, kind, value
FROM crowd, LATERAL (VALUES ('email', email), ('phone', phone)) point(kind, value);

INSERT INTO application (id, client, key, requisition_id, person_id, source, owner, name, email,
    phone, residence, jurisdictions, applied_at, arrived_at, answers, resume_text, stage, state,
    since, disposition, reason, seq, head_hash)
SELECT id, client, key, requisition_id, id, 'Indeed', 'us', name, email, phone, 'US-CA',
       '{US,US-CA}', applied_at, applied_at, '[]', repeat('I kept books for ten years. ', 20),
       stage, CASE WHEN ended THEN 'ended' ELSE 'entered' END, since,
       CASE WHEN ended THEN 'REJECTED' END, 'as it is', seq,
       encode(sha256(convert_to(key || seq, 'UTF8')), 'hex')
FROM crowd;

INSERT INTO transition (client, subject_kind, subject_id, subject_key, seq, from_stage, from_state,
    to_stage, to_state, reason, as_of, previous_hash, hash)
SELECT client, 'application', id, key, number,
       CASE WHEN number > 1 THEN (CAST(:order AS text[]))[greatest((number - 1) / 2, 1)] END,
       CASE number WHEN 1 THEN NULL WHEN 2 THEN 'received' ELSE
            CASE number % 2 WHEN 0 THEN 'complete' ELSE 'entered' END END,
       (CAST(:order AS text[]))[greatest(number / 2, 1)],
       CASE WHEN number = 1 THEN 'received' WHEN number = seq AND ended THEN 'REJECTED'
            ELSE CASE number % 2 WHEN 0 THEN 'entered' ELSE 'complete' END END,
       'as it is', since + (number - seq) * interval '1 hour',
       encode(sha256(convert_to(key || (number - 1), 'UTF8')), 'hex'),
       encode(sha256(convert_to(key || number, 'UTF8')), 'hex')
FROM crowd, generate_series(1, seq) number;

INSERT INTO clock (client, subject_kind, subject_id, name, owner, started_at, due_at, legal,
    stopped_at)
SELECT client, 'application', id, 'screening.recruiter_screen', 'candidate', applied_at,
       applied_at + interval '3 days', false, since FROM crowd;

INSERT INTO effect (client, key, kind, system, subject_kind, subject_id, request, state, not_before,
    created_as_of, done_as_of, attempts, sent_at, external_id)
SELECT client, concat_ws(':', kind, key, about), kind, system, 'application', id,
       jsonb_build_object('application_key', key, 'to_name', name, 'to_email', email, 'body',
           repeat('Thank you for your application. ', 8)),
       'done', applied_at, applied_at, applied_at, 1, applied_at, concat_ws('-', kind, about, n)
FROM crowd, LATERAL (VALUES
    ('message.send', 'smtp', 'acknowledgement', 1), ('tracker.add', 'ashby', NULL, 1),
    ('message.send', 'smtp', 'screen_invitation', 4), ('tracker.move', 'ashby', 'screen', 4),
    ('message.send', 'smtp', 'not_selected', 5), ('tracker.reject', 'ashby', NULL, 5)
) asked(kind, system, about, least_seq)
WHERE CASE WHEN ended THEN least_seq <> 4 ELSE least_seq < least(seq, 5) END;

INSERT INTO external_id (client, system, kind, external_id, subject_kind, subject_id)
SELECT client, 'ashby', 'application', 'ashby-' || n, 'application', id FROM crowd;

INSERT INTO arrival (client, system, external_id, updated_at, landed_at, hash, document,
    application_id, job_ref, candidate_ref, name, emails, phones, links, residence, source,
    applied_at, answers, resume_text, stage, archive_kind, archive_reason)
SELECT client, 'ashby', 'ashby-' || n, since, since, md5(key), repeat('{"a vendor": "tells"} ', 9),
       id, 'job-' || requisition_id, 'candidate-' || n, name, jsonb_build_array(email),
       jsonb_build_array(phone), '[]', '', 'Indeed', applied_at, '[]', '',
       CASE WHEN ended THEN 'archived' ELSE 'new' END, CASE WHEN ended THEN 'by_us' END, ''
FROM crowd;

-- One of fifty belongs to nobody of ours: leads, and applications for jobs that are not.
INSERT INTO arrival (client, system, external_id, updated_at, landed_at, hash, document, job_ref,
    candidate_ref, name, emails, phones, links, residence, source, applied_at, answers, resume_text,
    stage, archive_reason)
SELECT client, 'ashby', 'other-' || n, since, since, md5(key), '{}', 'other-job', 'other-' || n,
       name, '[]', '[]', '[]', '', 'Indeed', applied_at, '[]', '',
       CASE WHEN n % 100 = 0 THEN 'lead' ELSE 'new' END, ''
FROM crowd WHERE n % 50 = 0;

INSERT INTO scorecard (client, system, external_id, updated_at, landed_at, hash, document,
    application_id, application_ref, round, author, submitted_at, recommendation, answers)
SELECT client, 'ashby', 'card-' || n, since, since, md5(key), '{}',
       CASE WHEN n % 50 <> 0 THEN id END,
       CASE WHEN n % 50 <> 0 THEN 'ashby-' ELSE 'other-' END || n,
       'recruiter_screen', 'us', applied_at, 'yes', '[{"question": "interested", "value": "yes"}]'
FROM crowd WHERE seq > 5 OR n % 10 = 0;

INSERT INTO form_answer (client, system, external_id, updated_at, landed_at, hash, document, form,
    subject, about, by, fields)
SELECT client, 'forms', 'answer-' || n, since, since, md5(key), '{}', 'interest', key, '',
       'candidate', '{"interested": "yes"}' FROM crowd WHERE n % 5 = 0;

INSERT INTO quarantine (client, subject_kind, subject_id, stage, rule, owner, reason, remedy,
    opened_at, closed_at, outcome)
SELECT client, 'application', id, 'intake', 'INT-001', 'candidate', 'no address', 'ask for one',
       applied_at, since, 'healed' FROM crowd WHERE n % 50 = 0;

INSERT INTO inbox (client, source, event_id, received_at, occurred_at, body, read_at)
SELECT client, 'indeed', 'event-' || n, applied_at, applied_at, repeat('{"a board": "told"} ', 9),
       applied_at FROM crowd;

-- What the stages after the offer go by.
INSERT INTO offer (client, application_id, version, hash, rate_cents, currency, unit, start_on,
    title, entity, work_place, expires_at, letter)
SELECT client, id, 1, md5(key), 6400000, 'USD', 'year', CAST(since AS date) + 20,
       'Accounting Clerk',
       'Harbor Works Inc.',
       '{"code": "US-CA", "city": "San Francisco", "region": "CA", "country": "US"}', since + interval '5 days',
       'We offer you the position.'
FROM crowd WHERE seq > 12
