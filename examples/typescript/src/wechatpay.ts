// Signs requests to WeChat Pay APIv3 and verifies the answers, as a middleware of openapi-fetch.
import { createSign, createVerify, type KeyObject, randomBytes } from "node:crypto";
import type { Middleware } from "openapi-fetch";

export interface Account {
  mchid: string;
  serialNo: string; // of the merchant's API certificate
  privateKey: KeyObject;
  keys: Map<string, KeyObject>; // WeChat Pay's, by PUB_KEY_ID_... or certificate serial; it answers with the first
}

const SCHEME = "WECHATPAY2-SHA256-RSA2048";
const MAX_SKEW = 300; // seconds

/** Money may have moved. Query the order before anything else. */
export class OutcomeUnknown extends Error {
  override name = "OutcomeUnknown";
  constructor(what: string, options?: ErrorOptions) {
    super(`${what}: outcome unknown, query before anything else`, options);
  }
}

/** Why an answer is not to be trusted; `reason` is the word that api/vectors uses. */
export class Unverified extends Error {
  override name = "Unverified";
  constructor(readonly reason: "header" | "stale" | "signature_type" | "unknown_key" | "signature") {
    super(`the answer does not verify: ${reason}`);
  }
}

const lines = (...parts: (string | Uint8Array)[]) => Buffer.concat(parts.flatMap((p) => [Buffer.from(p as string), Buffer.from("\n")]));

/** The Authorization header. `target` is path and query exactly as sent. */
export function authorize(a: Account, method: string, target: string, body: Uint8Array, timestamp: string, nonce: string): string {
  const signature = createSign("RSA-SHA256").update(lines(method, target, timestamp, nonce, body)).sign(a.privateKey, "base64");
  return `${SCHEME} mchid="${a.mchid}",nonce_str="${nonce}",timestamp="${timestamp}",serial_no="${a.serialNo}",signature="${signature}"`;
}

/** Throws Unverified unless one of the keys signed this answer at about `now`, in Unix seconds. */
export function verify(keys: Map<string, KeyObject>, headers: Headers, body: Uint8Array, now: number): void {
  const [timestamp, nonce, signature, serial] = ["Timestamp", "Nonce", "Signature", "Serial"].map((h) => headers.get(`Wechatpay-${h}`));
  if (!timestamp || !nonce || !signature || !serial || !/^[0-9]{1,15}$/.test(timestamp)) throw new Unverified("header");
  if (Math.abs(now - Number(timestamp)) > MAX_SKEW) throw new Unverified("stale");
  if ((headers.get("Wechatpay-Signature-Type") ?? SCHEME) !== SCHEME) throw new Unverified("signature_type");
  const key = keys.get(/^[0-9a-f]+$/i.test(serial) ? serial.toUpperCase() : serial); // an id PUB_KEY_ID_... stays as it is
  if (!key) throw new Unverified("unknown_key");
  const message = lines(timestamp, nonce, body);
  if (!/^[0-9A-Za-z+/]+={0,2}$/.test(signature)) throw new Unverified("signature"); // Node would leave out the rest
  if (!createVerify("RSA-SHA256").update(message).verify(key, signature, "base64")) throw new Unverified("signature");
}

function decode(body: Uint8Array): void {
  const value: unknown = JSON.parse(new TextDecoder().decode(body));
  if (typeof value !== "object" || value === null) throw new SyntaxError("the answer is not a JSON object");
}

export function wechatpay(account: Account): Middleware {
  const [preferred] = account.keys.keys();
  if (!preferred) throw new Error("no key of WeChat Pay");
  return {
    async onRequest({ request, params }) {
      // An empty or dotted parameter would address something else.
      for (const [name, value] of Object.entries(params.path ?? {})) {
        if (/^\.{0,2}$/.test(String(value))) throw new Error(`${name} is "${value}"`);
      }
      const { pathname, search } = new URL(request.url);
      const body = new Uint8Array(await request.arrayBuffer());
      const timestamp = String(Math.floor(Date.now() / 1000));
      const headers = new Headers(request.headers);
      headers.set("Accept", "application/json");
      headers.set("User-Agent", "payscore-typescript-example");
      if (!headers.has("Wechatpay-Serial")) headers.set("Wechatpay-Serial", preferred);
      headers.set("Authorization", authorize(account, request.method, pathname + search, body, timestamp, randomBytes(16).toString("hex")));
      const { url, method, signal } = request;
      // A signature covers one path, so no redirect is followed.
      return new Request(url, { method, headers, signal, redirect: "manual", ...(body.length > 0 && { body }) });
    },
    async onResponse({ request, response, options }) {
      const what = `${request.method} ${new URL(request.url).pathname}, answer ${response.status}`;
      // A failure may come unsigned. A success may not, and a signature that is there must be right.
      if (response.ok || response.headers.has("Wechatpay-Signature")) {
        try {
          const body = new Uint8Array(await response.clone().arrayBuffer());
          verify(account.keys, response.headers, body, Date.now() / 1000);
          // Signed and not JSON: it was carried out, perhaps, and nobody knows with what result.
          if (response.ok && response.status !== 204 && options.parseAs === "json") decode(body);
        } catch (cause) {
          throw new OutcomeUnknown(what, { cause });
        }
      }
      if (response.status === 202 || response.status >= 500) throw new OutcomeUnknown(what);
    },
    onError({ request, error }) {
      // Nothing came back. Only a query is sure to have changed nothing.
      return request.method === "GET" ? undefined : new OutcomeUnknown(`${request.method} without an answer`, { cause: error });
    },
  };
}
