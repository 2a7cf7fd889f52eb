// Replays api/vectors/signature.json: what Go and openssl agree on, this client must make and judge the same way.
import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { type Account, authorize, Unverified, verify } from "../src/wechatpay.js";
import { file, publicKeys, read, type WechatpayKey } from "./vectors.js";

interface Vectors {
  merchant: { private_key: string };
  wechatpay_keys: WechatpayKey[];
  requests: {
    name: string;
    method: string;
    url: string;
    request_target: string;
    timestamp: string;
    nonce_str: string;
    body: string;
    mchid: string;
    serial_no: string;
    authorization: string;
  }[];
  responses: { name: string; now: number; headers: Record<string, string>; body: string; valid: boolean; reason?: string }[];
}

const vectors = read<Vectors>("signature.json");
const privateKey = createPrivateKey(file(vectors.merchant.private_key));
const keys = publicKeys(vectors.wechatpay_keys);

// The parameters of an Authorization header, whatever their order.
const parse = (header: string) => [header.split(" ", 1)[0], ...header.slice(header.indexOf(" ") + 1).split(",").sort()];

let sent: string | undefined;
const server = createServer((req, res) => {
  sent = req.url;
  res.end();
});
before(() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve)));
after(() => (server.close(), server.closeAllConnections()));

test("there are vectors", () => {
  assert.ok(vectors.requests.length >= 10 && vectors.responses.length >= 20);
});

for (const v of vectors.requests) {
  test(`request: ${v.name}`, async () => {
    const account: Account = { mchid: v.mchid, serialNo: v.serial_no, privateKey, keys };
    const url = new URL(v.url);
    const made = authorize(account, v.method, url.pathname + url.search, Buffer.from(v.body), v.timestamp, v.nonce_str);
    assert.deepEqual(parse(made), parse(v.authorization));
    // What fetch puts on the wire is what was signed.
    const local = `http://127.0.0.1:${(server.address() as AddressInfo).port}${v.url.slice(url.origin.length)}`;
    await fetch(local, { method: v.method, ...(v.body && { body: v.body }) });
    assert.equal(sent, v.request_target);
  });
}

for (const v of vectors.responses) {
  test(`response: ${v.name}`, () => {
    const judge = () => verify(keys, new Headers(v.headers), Buffer.from(v.body), v.now);
    if (v.valid) judge();
    else assert.throws(judge, (e) => e instanceof Unverified && e.reason === v.reason);
  });
}
