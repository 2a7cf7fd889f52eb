// Signs the parameters of openBusinessView, with which a page, a mini program or an app opens PayScore.
import { createHmac, randomBytes } from "node:crypto";

const KEY = 32; // bytes

/**
 * The parameters with `sign`, as a mini program passes them in `extraData`. `timestamp` and `nonce_str` are made when they are not
 * given. Sign on the server: the APIv2 key must never reach a page or an app.
 */
export function launch(apiV2Key: string, params: Record<string, string>): Record<string, string> {
  // HMAC takes a key of any length, so that a wrong one would show only when the user's phone refuses.
  if (Buffer.byteLength(apiV2Key) !== KEY) throw new Error(`the APIv2 key has ${Buffer.byteLength(apiV2Key)} bytes, not ${KEY}`);
  const made = { timestamp: String(Math.floor(Date.now() / 1000)), nonce_str: randomBytes(16).toString("hex") };
  // An empty value is neither signed nor sent.
  const sent = Object.entries({ ...made, ...params, sign_type: "HMAC-SHA256" }).filter(([, value]) => value !== "");
  // By name, not by pair: "=" comes after the digits. The names are ASCII, so their order is that of their bytes.
  sent.sort(([a], [b]) => (a < b ? -1 : 1));
  const message = [...sent, ["key", apiV2Key]].map((pair) => pair.join("=")).join("&");
  return { ...Object.fromEntries(sent), sign: createHmac("sha256", apiV2Key).update(message).digest("hex").toUpperCase() };
}

/** The query string for a page or an app. Values are escaped here, and not before they are signed. */
export function query(launched: Record<string, string>): string {
  const escape = (value: string) => encodeURIComponent(value).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  return Object.entries(launched).map(([name, value]) => `${name}=${escape(value)}`).join("&");
}
