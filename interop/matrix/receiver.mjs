import { EventEmitter, once } from "node:events";
import { createServer } from "node:http";

/** The merchant's server: it keeps each notification as it came. */
export async function receive() {
  const kept = new Map(), arrived = new EventEmitter();
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString(), key = `${request.url} ${JSON.parse(body).event_type}`;
    kept.set(key, { headers: request.headers, body });
    response.writeHead(204).end();
    arrived.emit(key);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    close: () => server.close(),
    async wait(path, event) {
      const key = `${path} ${event}`;
      if (!kept.has(key)) await once(arrived, key, { signal: AbortSignal.timeout(10_000) });
      return kept.get(key);
    },
  };
}
