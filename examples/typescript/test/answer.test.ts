// Answers that WeChat Pay signed and that say nothing all the same. The sandbox gives none, so they are signed here.
import assert from "node:assert/strict";
import { createPrivateKey, createSign } from "node:crypto";
import { test } from "node:test";
import createClient from "openapi-fetch";
import type { paths } from "../src/contract.js";
import { OutcomeUnknown, wechatpay } from "../src/wechatpay.js";
import { file, publicKeys, read, type WechatpayKey } from "./vectors.js";

const vectors = read<{ wechatpay_keys: WechatpayKey[] }>("notification.json");
const [signer] = vectors.wechatpay_keys;
assert.ok(signer);
const keys = publicKeys(vectors.wechatpay_keys);
const privateKey = createPrivateKey(file("merchant_key.pem"));

function signed(status: number, body: string): Response {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const nonce = "5d2a7061fccab6bf3e254dcf98995b00";
  const signature = createSign("RSA-SHA256").update(`${timestamp}\n${nonce}\n${body}\n`).sign(file(signer?.private_key ?? ""), "base64");
  const headers = { "Wechatpay-Timestamp": timestamp, "Wechatpay-Nonce": nonce, "Wechatpay-Signature": signature, "Wechatpay-Serial": signer?.id ?? "" };
  return new Response(status === 204 ? null : body, { status, headers });
}

function pay(status: number, body: string, parseAs: "json" | "text" = "json") {
  const client = createClient<paths>({ baseUrl: "https://wechatpay.invalid", fetch: async () => signed(status, body) });
  client.use(wechatpay({ mchid: "1900000001", serialNo: "5157F09EFDC096DE15EBE81A47057A7232F1B8E1", privateKey, keys }));
  const path = { out_order_no: "1234323JKHDFE1243252" };
  const request = { service_id: "2002000000000558128851361561536", sub_mchid: "1900000109" };
  return client.POST("/v3/payscore/partner/serviceorder/{out_order_no}/pay", { params: { path }, body: request, parseAs });
}

test("a signed answer is decoded", async () => {
  assert.deepEqual((await pay(200, '{"order_id":"1"}')).data, { order_id: "1" });
  assert.equal((await pay(204, "")).error, undefined);
});

for (const body of ["", "{", '{"order_id":', "<html>", "null", '"1"']) {
  test(`a signed 200 with ${JSON.stringify(body)} is an outcome unknown`, async () => {
    await assert.rejects(pay(200, body), (e) => e instanceof OutcomeUnknown && e.cause instanceof SyntaxError);
  });
}

test("text that was asked for is not taken for JSON", async () => {
  assert.equal((await pay(200, "hello", "text")).data, "hello");
});

test("a refusal needs no JSON", async () => {
  assert.equal((await pay(400, "<html>")).error, "<html>");
});
