// Reads api/vectors.
import { createPublicKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repository } from "./sandbox.js";

export const file = (name: string) => readFileSync(join(repository, "api/vectors", name));

export const read = <T>(name: string) => JSON.parse(file(name).toString()) as T;

export interface WechatpayKey {
  id: string;
  public_key?: string;
  certificate?: string;
  private_key: string;
}

export const publicKeys = (keys: WechatpayKey[]): Map<string, KeyObject> =>
  new Map(keys.map((k) => [k.id, k.public_key ? createPublicKey(file(k.public_key)) : new X509Certificate(file(k.certificate ?? "")).publicKey]));
