// Replays api/vectors/certificates.json.
import assert from "node:assert/strict";
import { test } from "node:test";
import { NotTaken, takeCertificates } from "../src/certificates.js";
import { Unverified } from "../src/wechatpay.js";
import { publicKeys, read, type WechatpayKey } from "./vectors.js";

interface Vectors {
  wechatpay_keys: WechatpayKey[];
  certificates: WechatpayKey[];
  downloads: {
    name: string;
    api_v3_key: string;
    now: number;
    status: number;
    headers: Record<string, string>;
    body: string;
    usable: string[];
    unusable?: Record<string, string>;
    valid: boolean;
    reason?: string;
  }[];
}

const vectors = read<Vectors>("certificates.json");
const known = publicKeys(vectors.wechatpay_keys);
const certificates = publicKeys(vectors.certificates);

test("there are downloads to take, and each reason not to take one", () => {
  assert.ok(vectors.downloads.filter((v) => v.valid).length >= 5);
  const reasons = new Set(vectors.downloads.flatMap((v) => v.reason ?? []));
  assert.deepEqual([...reasons].sort(), ["data", "no_certificates", "signature", "stale", "status", "unknown_key"]);
});

for (const v of vectors.downloads) {
  test(`certificates: ${v.name}`, () => {
    const unusable = new Map<string, string>();
    const take = () => takeCertificates(known, v.api_v3_key, v.status, new Headers(v.headers), Buffer.from(v.body), v.now, unusable);
    if (v.valid) {
      const keys = take();
      assert.deepEqual([...keys.keys()].sort(), [...known.keys(), ...v.usable].sort());
      for (const serial of v.usable) assert.ok(certificates.get(serial)?.equals(keys.get(serial) as never), serial);
    } else {
      assert.throws(take, (e) => (e instanceof NotTaken || e instanceof Unverified) && e.reason === v.reason);
    }
    assert.deepEqual(Object.fromEntries(unusable), v.unusable ?? {});
    assert.equal(known.size, vectors.wechatpay_keys.length); // what was known is not touched
  });
}
