// The life of an order against `payscore sandbox`: create, complete, modify, query.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import createClient from "openapi-fetch";
import type { components, paths } from "../src/contract.js";
import { OutcomeUnknown, Unverified, wechatpay } from "../src/wechatpay.js";
import { type Answer, type Sandbox, startRelay, startSandbox } from "./sandbox.js";

let box: Sandbox;
before(async () => (box = await startSandbox()));
after(() => box.stop());

type Client = ReturnType<typeof connect>;

function connect(baseUrl: string) {
  const client = createClient<paths>({ baseUrl });
  client.use(wechatpay(box.account));
  return client;
}

const order = "/v3/payscore/partner/serviceorder";

/** What a call answered, which must be what the contract calls its success. */
async function carriedOut<T>(call: Promise<{ data?: T; error?: components["schemas"]["Error"]; response: Response }>, status: number) {
  const { data, error, response } = await call;
  assert.equal(error, undefined);
  assert.equal(response.status, status);
  return { data, response };
}

function create(client: Client, outOrderNo: string) {
  return client.POST(order, {
    body: {
      service_id: box.serviceId,
      appid: box.appid,
      sub_mchid: box.subMchid,
      out_order_no: outOrderNo,
      service_introduction: "XX充电宝",
      risk_fund: { name: "DEPOSIT", amount: 60000 },
      time_range: { start_time: "OnAccept" },
      openid: "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
      need_user_confirm: false,
      notify_url: "https://example.com/notify",
    },
  });
}

function complete(client: Client, outOrderNo: string, fen: number) {
  return client.POST(`${order}/{out_order_no}/complete`, {
    params: { path: { out_order_no: outOrderNo } },
    body: {
      service_id: box.serviceId,
      sub_mchid: box.subMchid,
      post_payments: [{ name: "就餐费用", amount: fen }],
      total_amount: fen,
      time_range: { start_time: "20091225091010", end_time: "20091225121010" },
    },
  });
}

function modify(client: Client, outOrderNo: string, fen: number) {
  const body: components["schemas"]["ModifyPartnerServiceOrderRequest"] = {
    service_id: box.serviceId,
    sub_mchid: box.subMchid,
    post_payments: [{ name: "就餐费用", amount: fen + 100 }],
    post_discounts: [{ name: "满20减1元", description: "不与其他优惠叠加", amount: 100 }],
    total_amount: fen,
    reason: "用户投诉",
  };
  return client.POST(`${order}/{out_order_no}/modify`, { params: { path: { out_order_no: outOrderNo } }, body });
}

function query(client: Client, outOrderNo: string) {
  return client.GET(order, { params: { query: { service_id: box.serviceId, sub_mchid: box.subMchid, out_order_no: outOrderNo } } });
}

test("an order is created, completed, lowered and queried", async () => {
  const client = connect(box.baseUrl);
  const no = "TS|ORDER*1_-";

  const created = await carriedOut(create(client, no), 200);
  assert.equal(created.data?.state, "DOING");
  assert.equal(created.data?.state_description, "USER_CONFIRM");

  const completed = await carriedOut(complete(client, no, 50000), 204);
  assert.equal(completed.data, undefined);
  await carriedOut(modify(client, no, 39900), 204);

  const queried = await carriedOut(query(client, no), 200);
  assert.equal(queried.data?.total_amount, 39900);
  assert.equal(queried.data?.collection?.state, "USER_PAYING");
});

test("a refusal is the contract's error", async () => {
  const client = connect(box.baseUrl);
  const missing = await query(client, "NOSUCHORDER");
  assert.equal(missing.response.status, 404);
  assert.equal(missing.error?.code, "ORDER_NOT_EXIST");
});

test("an answer signed with the platform certificate verifies too", async () => {
  const [, platform] = box.account.keys.keys();
  const client = createClient<paths>({ baseUrl: box.baseUrl, headers: { "Wechatpay-Serial": platform } });
  client.use(wechatpay(box.account));
  const created = await carriedOut(create(client, "TSPLATFORM"), 200);
  assert.equal(created.response.headers.get("Wechatpay-Serial"), platform);
  await carriedOut(complete(client, "TSPLATFORM", 50000), 204);
});

test("an empty or dotted order number is not sent", async () => {
  const client = connect(box.baseUrl);
  for (const no of ["", ".", ".."]) await assert.rejects(modify(client, no, 1), /^Error: out_order_no is /);
});

const header = (name: string, value?: string) => (a: Answer) => {
  const { [name]: _, ...headers } = a.headers;
  return { ...a, headers: value === undefined ? headers : { ...headers, [name]: value } };
};

// What may happen to the 204 of a modification on its way, and why it is refused.
const spoiled: [name: string, spoil: (a: Answer) => Answer | null, reason: string | undefined][] = [
  ["another nonce", header("wechatpay-nonce", "00000000000000000000000000000000"), "signature"],
  ["a later timestamp", (a) => header("wechatpay-timestamp", String(Number(a.headers["wechatpay-timestamp"]) + 1))(a), "signature"],
  ["an old timestamp", header("wechatpay-timestamp", "1554208460"), "stale"],
  ["a probe for a signature", header("wechatpay-signature", "WECHATPAY/SIGNTEST/AAAA"), "signature"],
  ["no signature", header("wechatpay-signature"), "header"],
  ["an unknown key", header("wechatpay-serial", "PUB_KEY_ID_0"), "unknown_key"],
  ["a 200 with a body instead", (a) => ({ ...a, status: 200, body: Buffer.from("{}") }), "signature"],
  ["a gateway's unsigned 502", (a) => ({ ...a, status: 502, headers: { "content-type": "text/html" }, body: Buffer.from("<html>") }), undefined],
  ["no answer at all", () => null, undefined],
];

for (const [i, [name, spoil, reason]] of spoiled.entries()) {
  test(`a modification answered with ${name} is an outcome unknown, though it was carried out`, async () => {
    const client = connect(box.baseUrl);
    const no = `TSSPOILED${i}`;
    await carriedOut(create(client, no), 200);
    await carriedOut(complete(client, no, 50000), 204);
    const relay = await startRelay(box.baseUrl, spoil);
    try {
      await assert.rejects(modify(connect(relay.baseUrl), no, 30000), (e) => {
        assert.ok(e instanceof OutcomeUnknown, `${e}`);
        if (reason) assert.equal((e.cause as Unverified).reason, reason);
        return true;
      });
    } finally {
      await relay.stop();
    }
    assert.equal((await carriedOut(query(client, no), 200)).data?.total_amount, 30000);
  });
}

test("a query whose total was tampered with is not believed", async () => {
  const client = connect(box.baseUrl);
  await carriedOut(create(client, "TSTAMPERED"), 200);
  await carriedOut(complete(client, "TSTAMPERED", 50000), 204);
  let spoilt = 0;
  const relay = await startRelay(box.baseUrl, (a) => {
    const body = Buffer.from(a.body.toString().replaceAll("50000", "10000"));
    if (!body.equals(a.body)) spoilt++;
    return { ...a, body };
  });
  try {
    await assert.rejects(query(connect(relay.baseUrl), "TSTAMPERED"), (e) => e instanceof OutcomeUnknown && (e.cause as Unverified).reason === "signature");
    assert.equal(spoilt, 1);
  } finally {
    await relay.stop();
  }
});

test("a relay that spoils nothing changes nothing", async () => {
  const relay = await startRelay(box.baseUrl, (a) => a);
  try {
    const client = connect(relay.baseUrl);
    await carriedOut(create(client, "TSRELAYED"), 200);
    await carriedOut(complete(client, "TSRELAYED", 50000), 204);
  } finally {
    await relay.stop();
  }
});
