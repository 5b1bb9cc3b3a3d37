-- Attempts that were refused or denied: who, what, where, why not. Never what they wanted to write.

CREATE TABLE streams.access_log (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at bigint NOT NULL,                     -- microseconds since 1970
    person text COLLATE "C" NOT NULL,       -- who, and with which token; '' where nobody knows
    token_id text COLLATE "C" NOT NULL,
    what text COLLATE "C" NOT NULL,
    place text COLLATE "C" NOT NULL,
    why_not text COLLATE "C" NOT NULL
);

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON streams.access_log
    FOR EACH STATEMENT EXECUTE FUNCTION streams.refuse_change();
ALTER TABLE streams.access_log ENABLE ALWAYS TRIGGER append_only;
