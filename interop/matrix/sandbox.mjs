import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** Starts a sandbox in its own directory, with a proxy for clients that call WeChat Pay's host. */
export async function open(payscore, work, mode) {
  const dir = join(work, mode);
  const child = spawn(payscore, ["sandbox", "--json", "--addr", "127.0.0.1:0", "--keys", dir, "--key-mode", mode, "--https-proxy", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "exit");
  const [ready] = await Promise.race([
    once(createInterface(child.stdout), "line"), // it says where it listens once all files are written
    ended.then(([code]) => Promise.reject(new Error(`payscore sandbox ended with ${code}`))),
  ]);
  const ca = join(dir, "ca_cert.pem");
  const account = JSON.parse(readFileSync(join(dir, "sandbox.json")));
  const api = `${account.base_url}/_sandbox/api`;
  const read = async (response) => {
    if (!response.ok) throw new Error(`${response.url}: ${response.status} ${await response.text()}`);
    return response.status === 204 ? undefined : response.json();
  };
  const journal = (query) => fetch(`${api}/journal?${query}`).then(read).then(({ entries }) => entries);
  return {
    dir, account,
    /** All that a process needs to take the sandbox for WeChat Pay. */
    proxied: { HTTPS_PROXY: JSON.parse(ready).https_proxy, SSL_CERT_FILE: ca, NODE_EXTRA_CA_CERTS: ca },
    admin: (path, body) => fetch(`${api}/${path}`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }).then(read),
    /** The number of the newest entry of the journal. */
    seq: () => journal("limit=1").then(([entry]) => entry?.seq ?? 0),
    /** Requests that were refused, though no fault was meant to. */
    refusedSince: (seq) => journal(`since=${seq}&limit=500`).then((entries) => entries
      .filter(({ kind, status, fault }) => kind === "request" && status >= 300 && !fault).map(({ method, target, status }) => `${method} ${target} ${status}`)),
    async close() {
      child.kill();
      await ended;
    },
  };
}
