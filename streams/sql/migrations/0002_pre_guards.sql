-- Facts are never changed and never removed. These guards stop mistakes and careless hands, not the
-- owner of the database: evidence against that is the sealed tree, held by others.

CREATE FUNCTION streams.refuse_change() RETURNS trigger
LANGUAGE plpgsql
AS $function$
BEGIN
    RAISE EXCEPTION '% on %.% is refused: what is recorded is never changed, only added to',
        TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'JS010', HINT = 'Record a correction or a void instead.';
END
$function$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON streams.event
    FOR EACH STATEMENT EXECUTE FUNCTION streams.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON streams.log_constant
    FOR EACH STATEMENT EXECUTE FUNCTION streams.refuse_change();

-- ALWAYS: also in a session that calls itself a replica.
ALTER TABLE streams.event ENABLE ALWAYS TRIGGER append_only;
ALTER TABLE streams.log_constant ENABLE ALWAYS TRIGGER append_only;
