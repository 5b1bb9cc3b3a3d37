-- Append a batch of facts: every item (one command on one stream) lands whole or not at all.
--
-- The log's lock is taken before anything is read, so that the checks below see every commit before
-- this one; each statement of a VOLATILE function under READ COMMITTED has its own snapshot. A check
-- in the same statement as the lock would not be protected by it.
--
-- Returns the first position and the recording time. `outcomes` is NULL where every item landed
-- (positions then follow each other from the first); else it holds one outcome for each item.
CREATE OR REPLACE FUNCTION streams.append_v1(
    facts streams.event_in[],
    conditions streams.condition_in[],
    told_now bigint,
    OUT first_position bigint,
    OUT recorded_micros bigint,
    OUT outcomes streams.outcome_out[]
)
LANGUAGE plpgsql
VOLATILE
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $function$
#variable_conflict error
DECLARE
    last_position bigint;
    last_recorded bigint;
    unusual boolean;
    one streams.event_in;
    item_number integer := 0;
    next_position bigint;
    landing boolean := false;
    before_item integer;
    found_first record;
    failed record;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'append_v1 needs READ COMMITTED, not %',
            current_setting('transaction_isolation') USING ERRCODE = 'JS001';
    END IF;

    PERFORM pg_advisory_xact_lock(7405236110498001);

    SELECT e.position, e.recorded_at INTO last_position, last_recorded
    FROM streams.event AS e ORDER BY e.position DESC LIMIT 1;
    last_position := coalesce(last_position, 0);

    IF told_now IS NULL THEN
        recorded_micros := (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;
    ELSIF (SELECT c.made_as FROM streams.log_constant AS c) IN ('demo', 'scenario') THEN
        recorded_micros := told_now;
    ELSE
        RAISE EXCEPTION 'the clock of a live log cannot be set' USING ERRCODE = 'JS002';
    END IF;
    recorded_micros := greatest(recorded_micros, last_recorded);

    -- Is anything unusual? Scalar subqueries, since an IN or EXISTS may be hashed: a scan of the log.
    SELECT bool_or(
               f.revision - 1 <> coalesce(
                   f.revision_before,
                   (SELECT e.revision FROM streams.event AS e
                    WHERE e.stream = f.stream ORDER BY e.revision DESC LIMIT 1),
                   0
               )
               OR (f.ordinal = 0 AND (
                   SELECT e.position FROM streams.event AS e
                   WHERE e.command_id = f.command_id AND e.ordinal = 0
               ) IS NOT NULL)
           )
           OR count(DISTINCT f.command_id) <> count(*) FILTER (WHERE f.ordinal = 0)
    INTO unusual
    FROM (
        SELECT g.stream, g.revision, g.ordinal, g.command_id,
               lag(g.revision) OVER (PARTITION BY g.stream ORDER BY g.ordinality) AS revision_before
        FROM unnest(facts) WITH ORDINALITY AS g
    ) AS f;

    IF NOT unusual AND cardinality(conditions) > 0 THEN
        SELECT bool_or(
                   c.revision <> coalesce((
                       SELECT e.revision FROM streams.event AS e
                       WHERE e.stream = c.stream ORDER BY e.revision DESC LIMIT 1
                   ), 0)
                   OR c.stream = ANY (SELECT g.stream FROM unnest(facts) AS g)
               )
        INTO unusual
        FROM unnest(conditions) AS c;
    END IF;

    IF NOT unusual THEN
        INSERT INTO streams.event (
            position, recorded_at, occurred_at, quantity_1, quantity_2, command_id, revision,
            ordinal, version, day, stream, fact, area, unit, category, variant, provenance,
            home_unit, team, home_community, paired_community, code_1, code_2, member_1, member_2,
            actor, cause, request_hash, sha256, body
        )
        SELECT last_position + f.ordinality, recorded_micros, f.occurred_at, f.quantity_1,
               f.quantity_2, f.command_id, f.revision, f.ordinal, f.version, f.day, f.stream,
               f.fact, f.area, f.unit, f.category, f.variant, f.provenance, f.home_unit, f.team,
               f.home_community, f.paired_community, f.code_1, f.code_2, f.member_1, f.member_2,
               f.actor, f.cause, f.request_hash, sha256(f.body), f.body
        FROM unnest(facts) WITH ORDINALITY AS f;
        first_position := last_position + 1;
        PERFORM pg_notify('jishi_log', (last_position + cardinality(facts))::text);
        RETURN;
    END IF;

    -- Something is: judge item by item, in order, each seeing what the ones before it wrote.
    next_position := last_position + 1;
    outcomes := '{}';
    FOREACH one IN ARRAY facts LOOP
        IF one.ordinal = 0 THEN
            item_number := item_number + 1;
            landing := false;
            before_item := one.revision - 1;
            SELECT e.position, e.stream, e.request_hash INTO found_first
            FROM streams.event AS e WHERE e.command_id = one.command_id AND e.ordinal = 0;
            IF FOUND AND found_first.request_hash <> one.request_hash THEN
                outcomes := outcomes || ROW('reused', NULL, NULL, NULL, NULL, NULL)::streams.outcome_out;
                CONTINUE;
            ELSIF FOUND THEN
                outcomes := outcomes || ROW(
                    'repeated', found_first.position, found_first.stream,
                    coalesce((
                        SELECT e.position FROM streams.event AS e
                        WHERE e.position > found_first.position AND e.ordinal = 0
                        ORDER BY e.position LIMIT 1
                    ), next_position) - found_first.position, NULL, NULL
                )::streams.outcome_out;
                CONTINUE;
            END IF;
            SELECT w.stream, w.revision, w.current INTO failed
            FROM (
                SELECT n.stream, n.revision, n.place, coalesce((
                    SELECT e.revision FROM streams.event AS e
                    WHERE e.stream = n.stream ORDER BY e.revision DESC LIMIT 1
                ), 0) AS current
                FROM (
                    SELECT one.stream AS stream, before_item AS revision, 0::bigint AS place
                    UNION ALL
                    SELECT c.stream, c.revision, c.ordinality
                    FROM unnest(conditions) WITH ORDINALITY AS c WHERE c.item = item_number
                ) AS n
            ) AS w
            WHERE w.revision <> w.current ORDER BY w.place LIMIT 1;
            IF FOUND THEN
                outcomes := outcomes || ROW(
                    'stale', NULL, failed.stream, NULL, failed.revision, failed.current
                )::streams.outcome_out;
                CONTINUE;
            END IF;
            landing := true;
            outcomes := outcomes || ROW(
                'appended', next_position, one.stream, NULL, NULL, NULL
            )::streams.outcome_out;
        END IF;
        CONTINUE WHEN NOT landing;
        IF one.revision <> before_item + 1 + one.ordinal THEN
            RAISE EXCEPTION 'revision % of % does not follow %',
                one.revision, one.stream, before_item + one.ordinal USING ERRCODE = 'JS003';
        END IF;
        INSERT INTO streams.event (
            position, recorded_at, occurred_at, quantity_1, quantity_2, command_id, revision,
            ordinal, version, day, stream, fact, area, unit, category, variant, provenance,
            home_unit, team, home_community, paired_community, code_1, code_2, member_1, member_2,
            actor, cause, request_hash, sha256, body
        ) VALUES (
            next_position, recorded_micros, one.occurred_at, one.quantity_1, one.quantity_2,
            one.command_id, one.revision, one.ordinal, one.version, one.day, one.stream, one.fact,
            one.area, one.unit, one.category, one.variant, one.provenance, one.home_unit, one.team,
            one.home_community, one.paired_community, one.code_1, one.code_2, one.member_1,
            one.member_2, one.actor, one.cause, one.request_hash, sha256(one.body), one.body
        );
        next_position := next_position + 1;
    END LOOP;
    first_position := last_position + 1;
    IF next_position > first_position THEN
        PERFORM pg_notify('jishi_log', (next_position - 1)::text);
    END IF;
END
$function$;
