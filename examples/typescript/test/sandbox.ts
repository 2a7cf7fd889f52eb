// Starts `payscore sandbox`, and a relay in front of it that can spoil answers on their way.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingHttpHeaders, request } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Account } from "../src/wechatpay.js";

export const repository = fileURLToPath(new URL("../../../../", import.meta.url));

export interface Sandbox {
  baseUrl: string;
  account: Account;
  serviceId: string;
  appid: string;
  subMchid: string;
  stop(): Promise<void>;
}

/** PAYSCORE names a built command; without it the command is built with go. */
export async function startSandbox(): Promise<Sandbox> {
  const dir = mkdtempSync(join(tmpdir(), "payscore-typescript-"));
  let command = process.env["PAYSCORE"];
  if (!command) {
    command = join(dir, "payscore");
    const built = spawnSync("go", ["build", "-o", command, "./cmd/payscore"], { cwd: repository, stdio: "inherit" });
    if (built.status !== 0) throw new Error("go build ./cmd/payscore failed");
  }
  const keys = join(dir, "keys");
  const child = spawn(command, ["sandbox", "--addr", "127.0.0.1:0", "--keys", keys], { stdio: ["ignore", "pipe", "inherit"] });
  await listening(child);
  const account = JSON.parse(readFileSync(join(keys, "sandbox.json"), "utf8")) as Record<string, string>;
  const field = (name: string) => {
    const value = account[name];
    if (value === undefined) throw new Error(`sandbox.json has no ${name}`);
    return value;
  };
  const pem = (name: string) => readFileSync(join(keys, name));
  return {
    baseUrl: field("base_url"),
    serviceId: field("service_id"),
    appid: field("appid"),
    subMchid: field("sub_mchid"),
    account: {
      mchid: field("mchid"),
      serialNo: field("serial_no"),
      privateKey: createPrivateKey(pem("apiclient_key.pem")),
      keys: new Map([
        [field("public_key_id"), createPublicKey(pem("wechatpay_public_key.pem"))],
        [field("platform_serial_no"), new X509Certificate(pem("platform_cert.pem")).publicKey],
      ]),
    },
    async stop() {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill();
      await ended;
      rmSync(dir, { recursive: true });
    },
  };
}

function listening(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      if (/^listening on /m.test(said)) resolve();
    });
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`payscore sandbox ended with ${code}: ${said}`)));
  });
}

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** Passes every call on to `to`, and every answer through `spoil`. Null breaks the connection off. */
export async function startRelay(to: string, spoil: (answer: Answer) => Answer | null) {
  const server = createServer((incoming, outgoing) => {
    const onward = request(to + incoming.url, { method: incoming.method ?? "GET", headers: incoming.headers, agent: false }, async (back) => {
      const chunks: Buffer[] = [];
      for await (const chunk of back) chunks.push(chunk as Buffer);
      const answer = spoil({ status: back.statusCode ?? 0, headers: back.headers, body: Buffer.concat(chunks) });
      if (!answer) return outgoing.destroy();
      const headers = { ...answer.headers };
      for (const name of ["connection", "keep-alive", "transfer-encoding", "content-length"]) delete headers[name];
      if (answer.body.length > 0) headers["content-length"] = String(answer.body.length);
      return outgoing.writeHead(answer.status, headers).end(answer.body);
    });
    onward.on("error", () => outgoing.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () => new Promise<void>((resolve) => (server.close(() => resolve()), server.closeAllConnections())),
  };
}
