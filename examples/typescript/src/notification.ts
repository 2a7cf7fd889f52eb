// Opens the notifications of WeChat Pay: verifies the POST, then decrypts what it carries.
import { createDecipheriv, type KeyObject } from "node:crypto";
import { verify } from "./wechatpay.js";

const ALGORITHM = "AEAD_AES_256_GCM";
const [KEY, NONCE, TAG] = [32, 12, 16]; // bytes

/** Why a notification that was signed right is refused; `reason` is the word that api/vectors uses. */
export class Unopened extends Error {
  override name = "Unopened";
  constructor(readonly reason: "resource" | "algorithm" | "nonce" | "ciphertext" | "authentication") {
    super(`the notification does not open: ${reason}`);
  }
}

/** `plaintext` is JSON. An `event_type` you do not know is no error: answer it like the others, or it comes again. */
export interface Notification {
  id: string;
  event_type: string;
  plaintext: Buffer;
}

/** Throws Unverified or Unopened. `body` is the bytes as they came, since a body that was decoded and encoded again does not verify. */
export function open(keys: Map<string, KeyObject>, apiV3Key: string, headers: Headers, body: Uint8Array, now: number): Notification {
  verify(keys, headers, body, now);
  const { id, event_type, resource } = (parse(body) ?? {}) as Record<string, unknown>;
  return { id: text(id), event_type: text(event_type), plaintext: decrypt(apiV3Key, resource) };
}

const text = (value: unknown) => (typeof value === "string" ? value : "");

function parse(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    return undefined; // what is not JSON has no resource
  }
}

/** Decrypts a `resource`, or an `encrypt_certificate`, which has the same form. Throws Unopened. */
export function decrypt(apiV3Key: string, resource: unknown): Buffer {
  const key = Buffer.from(apiV3Key);
  // A key of the wrong length is the fault of whoever calls, not of the notification.
  if (key.length !== KEY) throw new Error(`the APIv3 key has ${key.length} bytes, not ${KEY}`);
  if (typeof resource !== "object" || resource === null) throw new Unopened("resource");
  const { algorithm, nonce, ciphertext, associated_data } = resource as Record<string, unknown>;
  if (algorithm !== ALGORITHM) throw new Unopened("algorithm");
  // OpenSSL takes a nonce of any length, and a wrong one would only show as a wrong tag.
  const iv = Buffer.from(text(nonce));
  if (iv.length !== NONCE) throw new Unopened("nonce");
  // Buffer skips what is not base64, so encode again to see whether anything was skipped.
  const data = Buffer.from(text(ciphertext), "base64");
  if (data.length < TAG || data.toString("base64") !== ciphertext) throw new Unopened("ciphertext");
  try {
    const decipher = createDecipheriv("aes-256-gcm", key, iv, { authTagLength: TAG });
    decipher.setAAD(Buffer.from((associated_data ?? "") as string)).setAuthTag(data.subarray(-TAG));
    // Only final() checks the tag, so nothing is returned before it.
    return Buffer.concat([decipher.update(data.subarray(0, -TAG)), decipher.final()]);
  } catch {
    throw new Unopened("authentication");
  }
}
