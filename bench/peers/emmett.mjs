// Appends for as long as each line of stdin says, then answers with a line of JSON.
// Runs in a folder that has @event-driven-io/emmett-postgresql.
import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';
import { getPostgreSQLEventStore } from '@event-driven-io/emmett-postgresql';
import pg from 'pg';

const [connection, callers, told] = process.argv.slice(2);
const pool = new pg.Pool({ connectionString: connection, max: Number(callers) });
const store = getPostgreSQLEventStore(connection, { connectionOptions: { pool } });
await store.schema.migrate();

const once = () =>
  store.appendToStream(
    `order:${randomUUID()}`,
    [{ type: 'order.placed', data: { ...JSON.parse(told), command: randomUUID() }, metadata: {} }],
    { expectedStreamVersion: 'STREAM_DOES_NOT_EXIST' },
  );

const stretch = async (seconds) => {
  const waits = [];
  const began = performance.now();
  const until = began + seconds * 1000;
  await Promise.all(
    Array.from({ length: Number(callers) }, async () => {
      let at = performance.now();
      while (at < until) {
        await once();
        const now = performance.now();
        waits.push(now - at);
        at = now;
      }
    }),
  );
  const took = (performance.now() - began) / 1000;
  waits.sort((a, b) => a - b);
  const at = (share) => waits[Math.min(waits.length - 1, Math.floor(share * waits.length))] ?? 0;
  return { count: waits.length, seconds: took, p50_ms: at(0.5), p99_ms: at(0.99) };
};

console.log(JSON.stringify({ ready: true }));
for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await stretch(Number(line))));
}
await store.close();
await pool.end();
