// Replays api/vectors/notification.json, and what it has no vector for: a wrong key, a wrong signature, a body that is no notification.
import assert from "node:assert/strict";
import { test } from "node:test";
import { decrypt, open, Unopened } from "../src/notification.js";
import { Unverified } from "../src/wechatpay.js";
import { publicKeys, read, type WechatpayKey } from "./vectors.js";

interface Vectors {
  wechatpay_keys: WechatpayKey[];
  notifications: {
    name: string;
    api_v3_key: string;
    now: number;
    headers: Record<string, string>;
    body: string;
    plaintext: string;
    valid: boolean;
    reason?: string;
  }[];
}

const vectors = read<Vectors>("notification.json");
const keys = publicKeys(vectors.wechatpay_keys);

test("there are notifications, and each reason to refuse one", () => {
  assert.ok(vectors.notifications.filter((v) => v.valid).length >= 5);
  const reasons = new Set(vectors.notifications.flatMap((v) => v.reason ?? []));
  assert.deepEqual([...reasons].sort(), ["algorithm", "authentication", "ciphertext", "header", "nonce", "resource", "signature", "stale", "unknown_key"]);
});

for (const v of vectors.notifications) {
  const opened = () => open(keys, v.api_v3_key, new Headers(v.headers), Buffer.from(v.body), v.now);
  test(`notification: ${v.name}`, () => {
    if (!v.valid) return assert.throws(opened, (e) => (e instanceof Unopened || e instanceof Unverified) && e.reason === v.reason);
    const { id, event_type, plaintext } = opened();
    assert.deepEqual(plaintext, Buffer.from(v.plaintext));
    const sent = JSON.parse(v.body) as Record<string, unknown>;
    assert.deepEqual([id, event_type], [sent["id"], sent["event_type"]]);
  });
}

const [first] = vectors.notifications;
assert.ok(first?.valid);

test("a notification is verified before it is opened", () => {
  const refused = (reason: string, change: Partial<typeof first>) => {
    const v = { ...first, ...change };
    assert.throws(() => open(keys, v.api_v3_key, new Headers(v.headers), Buffer.from(v.body), v.now), (e) => e instanceof Unverified && e.reason === reason);
  };
  refused("signature", { body: JSON.stringify(JSON.parse(first.body), null, 1) });
  refused("signature", { headers: { ...first.headers, "Wechatpay-Signature": "WECHATPAY/SIGNTEST/AAAA" } });
  refused("stale", { now: first.now + 301 });
  refused("header", { headers: {} });
});

test("an APIv3 key that has not 32 bytes is an error of the caller", () => {
  const { resource } = JSON.parse(first.body) as { resource: unknown };
  for (const key of ["", first.api_v3_key.slice(1), `${first.api_v3_key}0`]) assert.throws(() => decrypt(key, resource), /^Error: the APIv3 key has \d+ bytes/);
});

test("what is not a resource is refused, without another error", () => {
  const { resource } = JSON.parse(first.body) as { resource: Record<string, unknown> };
  const refused = (reason: string, what: unknown) => assert.throws(() => decrypt(first.api_v3_key, what), (e) => e instanceof Unopened && e.reason === reason);
  for (const none of [undefined, null, "resource", 1]) refused("resource", none);
  refused("algorithm", []);
  refused("nonce", { ...resource, nonce: 123456789012 });
  refused("nonce", { ...resource, nonce: "微信支付分微信支付分微信" }); // 12 characters, 36 bytes
  refused("ciphertext", { ...resource, ciphertext: [] });
  refused("ciphertext", { ...resource, ciphertext: `${resource["ciphertext"]}\n` });
  refused("authentication", { ...resource, associated_data: 1 });
});
