// Walks orders through their life on `payscore sandbox` with wechatpay-axios-plugin, a client of others that is taken as npm has it.
// Its signatures must be right for the sandbox, and the sandbox's for its verification, which must refuse what was spoiled.
// The last line on stdout says what was checked.
//
//	node interop/axios.mjs PAYSCORE
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const require = createRequire(import.meta.url);
const { Rsa, Wechatpay } = require("wechatpay-axios-plugin");
const { version } = require("wechatpay-axios-plugin/package.json");

const [command] = process.argv.slice(2);
if (!command) throw new Error("usage: axios.mjs PAYSCORE");

const keys = mkdtempSync(join(tmpdir(), "payscore-axios-"));
const sandbox = spawn(command, ["sandbox", "--json", "--addr", "127.0.0.1:0", "--keys", join(keys, "sandbox")], { stdio: ["ignore", "pipe", "inherit"] });
const ended = once(sandbox, "exit");
let checked;
try {
  await Promise.race([
    once(createInterface(sandbox.stdout), "line"), // it says where it listens once all files are written
    ended.then(([code]) => Promise.reject(new Error(`payscore sandbox ended with ${code}`))),
  ]);
  checked = await prove(join(keys, "sandbox"));
} finally {
  sandbox.kill();
  await ended;
  rmSync(keys, { recursive: true });
}
console.log(`wechatpay-axios-plugin ${version}, unmodified: ${checked}`);

async function prove(dir) {
  const pem = (name) => readFileSync(join(dir, name));
  const account = JSON.parse(pem("sandbox.json"));
  const key = Rsa.from(pem("wechatpay_public_key.pem"), Rsa.KEY_TYPE_PUBLIC);
  // The plugin does not say by itself which key WeChat Pay shall sign with. Without the header it is the certificate.
  const client = (certs, headers = { "Wechatpay-Serial": account.public_key_id }) => new Wechatpay({
    baseURL: account.base_url, mchid: account.mchid, serial: account.serial_no, privateKey: pem("apiclient_key.pem"), certs, headers,
  });
  const wxpay = client({ [account.public_key_id]: key });
  const { service_id, appid, sub_mchid } = account;

  const orders = (c) => c.v3.payscore.partner.serviceorder;
  const create = (no, need_user_confirm) => orders(wxpay).post({
    service_id, appid, sub_mchid, out_order_no: no, service_introduction: "XX充电宝", risk_fund: { name: "DEPOSIT", amount: 60000 },
    time_range: { start_time: "OnAccept" }, notify_url: "https://example.com/notify", need_user_confirm,
    ...(need_user_confirm ? {} : { openid: "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o" }),
  });
  const complete = (no, fen, config) => orders(wxpay)._out_order_no_.complete.post({
    service_id, sub_mchid, post_payments: [{ name: "就餐费用", amount: fen }], total_amount: fen,
    time_range: { start_time: "20091225091010", end_time: "20091225121010" },
  }, { out_order_no: no, ...config });
  const modify = (no, fen, config) => orders(wxpay)._out_order_no_.modify.post({
    service_id, sub_mchid, post_payments: [{ name: "就餐费用", amount: fen + 100 }],
    post_discounts: [{ name: "满20减1元", description: "不与其他优惠叠加", amount: 100 }], total_amount: fen, reason: "用户投诉",
  }, { out_order_no: no, ...config });
  const query = (no, config, c = wxpay) => orders(c).get({ params: { service_id, sub_mchid, out_order_no: no }, ...config });

  const noContent = async (call) => {
    const { status, data, headers } = await call;
    assert.equal(status, 204);
    assert.equal(data, "");
    assert.equal(headers.get("Wechatpay-Serial"), account.public_key_id);
  };
  const total = async (no) => {
    const { status, data } = await query(no);
    assert.equal(status, 200);
    assert.equal(data.out_order_no, no);
    assert.equal(data.state, "DOING");
    assert.equal(data.collection.state, "USER_PAYING");
    assert.equal(data.collection.total_amount, data.total_amount);
    return data.total_amount;
  };
  const captured = (call) => call.then(({ status }) => assert.fail(`not refused, but ${status}`), (e) => e);
  const refused = async (call, code) => {
    const e = await captured(call);
    assert.equal(e.code, code, `${code} is wanted, not ${e.code} ${e.message}`);
  };

  // The letters are those that a client may write in two ways.
  const numbers = ["AXIOS-Confirmed_1", "AXIOS|NoConfirm*2"];
  for (const no of numbers) {
    const confirmed = no === numbers[0];
    const { status, data } = await create(no, confirmed);
    assert.equal(status, 200);
    assert.equal(data.out_order_no, no);
    if (confirmed) {
      assert.equal(data.state, "CREATED");
      await admin(account, "moves", { name: "confirm", sub_mchid, out_order_no: no });
    }
    await noContent(complete(no, 50000));
    assert.equal(await total(no), 50000);
    await noContent(modify(no, 39900));
    assert.equal(await total(no), 39900);
  }

  // Each is carried out, so that who takes the refusal for a failure is wrong by the difference.
  const [no] = numbers;
  const spoiled = [
    ["bad-signature", "EV3_RES_HEADER_SIGNATURE_DIGEST"],
    ["sign-test", "EV3_RES_HEADER_SIGNATURE_DIGEST"],
    ["unsigned", "EV3_RES_HEADERS_INCOMPLATE"],
    ["unknown-serial", "EV3_RES_HEADER_PLATFORM_SERIAL"],
    ["stale-timestamp", "EV3_RES_HEADER_TIMESTAMP_OFFSET"],
    ["future-timestamp", "EV3_RES_HEADER_TIMESTAMP_OFFSET"],
  ];
  let fen = 39900;
  for (const [fault, code] of spoiled) {
    fen -= 100;
    const config = { headers: { "Sandbox-Fault": fault } };
    await refused(modify(no, fen, config), code);
    assert.equal(await total(no), fen, `${fault}: not carried out`);
    await refused(query(no, config), code);
  }

  // As a check of the check: another key must not do.
  const other = Rsa.from(pem("platform_cert.pem"), Rsa.KEY_TYPE_PUBLIC);
  await refused(query(no, {}, client({ [account.public_key_id]: other })), "EV3_RES_HEADER_SIGNATURE_DIGEST");

  // A merchant with the certificate alone names no key.
  assert.equal((await query(no, {}, client({ [account.platform_serial_no]: other }, {}))).status, 200);
  await refused(query(no, {}, client({ [account.public_key_id]: key }, {})), "EV3_RES_HEADER_PLATFORM_SERIAL");

  // What it takes for a success, or sends elsewhere, is written down in docs/interop.md and docs/peer-defects.md.
  const accepted = await modify(no, 100, { headers: { "Sandbox-Fault": "accepted-202" } });
  assert.equal(accepted.status, 202);
  assert.equal(await total(no), fen);
  const link = (await captured(orders(wxpay)[no].modify.post({}))).config.url;
  assert.ok(link.endsWith("/serviceorder/a-x-i-o-s--confirmed_1/modify"), link);
  for (const fault of ["bad-signature", "unsigned"]) {
    const { code, response } = await captured(query("AXIOS-NONE", { headers: { "Sandbox-Fault": fault } }));
    assert.deepEqual([code, response.status, response.data.code], ["ERR_BAD_REQUEST", 404, "ORDER_NOT_EXIST"]);
  }

  return `${numbers.length} orders created, completed, modified and queried with every answer verified; ${spoiled.length} kinds of spoiled answers refused, of a 204 and of a 200`;
}

async function admin(account, path, body) {
  const answer = await fetch(`${account.base_url}/_sandbox/api/${path}`, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
  });
  assert.ok(answer.ok, `${path}: ${answer.status} ${await answer.text()}`);
}
