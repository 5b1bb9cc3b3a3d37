-- The last position recorded at or before an instant (microseconds since 1970); 0 where none is.
-- The recording time never decreases with the position, so halving by the primary key finds it:
-- some twenty look-ups, and no index to maintain on every append.
CREATE OR REPLACE FUNCTION streams.position_at_v1(instant bigint) RETURNS bigint
LANGUAGE plpgsql
STABLE
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $function$
#variable_conflict error
DECLARE
    low bigint := 0;
    high bigint;
    middle bigint;
BEGIN
    SELECT e.position INTO high FROM streams.event AS e ORDER BY e.position DESC LIMIT 1;
    high := coalesce(high, 0);
    WHILE low < high LOOP
        middle := (low + high + 1) / 2;
        IF (SELECT e.recorded_at FROM streams.event AS e WHERE e.position = middle) <= instant THEN
            low := middle;
        ELSE
            high := middle - 1;
        END IF;
    END LOOP;
    RETURN low;
END
$function$;
