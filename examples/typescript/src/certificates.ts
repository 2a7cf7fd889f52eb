// Takes the answer to GET /v3/certificates: the platform certificates in it, each encrypted with the APIv3 key.
import { type KeyObject, X509Certificate } from "node:crypto";
import { decrypt, Unopened } from "./notification.js";
import { verify } from "./wechatpay.js";

/** Why a download changes nothing; `reason` is the word that api/vectors uses. An answer that does not verify is Unverified. */
export class NotTaken extends Error {
  override name = "NotTaken";
  constructor(readonly reason: "no_certificates" | "status" | "data") {
    super(`the certificates are not taken: ${reason}`);
  }
}

/**
 * Returns `keys` and the usable certificates. Throws NotTaken or Unverified. `unusable` is told, by serial number, which
 * certificates cannot be used and why. The caller drops certificates that expired.
 */
export function takeCertificates(keys: Map<string, KeyObject>, apiV3Key: string, status: number, headers: Headers, body: Uint8Array, now: number, unusable = new Map<string, string>()): Map<string, KeyObject> {
  const answer = parse(body);
  if (status !== 200) throw new NotTaken(status === 404 && answer["code"] === "RESOURCE_NOT_EXISTS" ? "no_certificates" : "status");
  const { data } = answer;
  if (!Array.isArray(data)) throw new NotTaken("data");
  const all = new Map(keys);
  for (const item of data as unknown[]) {
    const { serial_no, encrypt_certificate } = (item ?? {}) as Record<string, unknown>;
    const serial = String(serial_no);
    try {
      all.set(serial, publicKey(decrypt(apiV3Key, encrypt_certificate), serial));
    } catch (error) {
      if (!(error instanceof Unopened || error instanceof Unusable)) throw error;
      unusable.set(serial, error.reason);
    }
  }
  // The first download can be checked only with what it brings. Whoever made it has the APIv3 key, and now a certificate too.
  verify(all, headers, body, now);
  return all;
}

class Unusable extends Error {
  constructor(readonly reason: "certificate" | "serial") {
    super(reason);
  }
}

function publicKey(pem: Buffer, serial: string): KeyObject {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(pem);
  } catch {
    throw new Unusable("certificate");
  }
  const bare = (s: string) => s.toUpperCase().replace(/^0+/, "");
  if (bare(certificate.serialNumber) !== bare(serial)) throw new Unusable("serial");
  return certificate.publicKey;
}

function parse(body: Uint8Array): Record<string, unknown> {
  try {
    return (JSON.parse(new TextDecoder().decode(body)) ?? {}) as Record<string, unknown>;
  } catch {
    return {}; // what is not JSON has no data
  }
}
