// The columns of the matrix, from left to right. Each throws unless all of it is right, and goes on with the order of the ones before.
import assert from "node:assert/strict";

const wrong = ["bad-signature", "sign-test", "unsigned", "unknown-serial"];
const old = ["stale-timestamp", "future-timestamp"];

export const columns = {
  async "gets its keys"(t) {
    const { platform_serial_no, public_key_id } = t.account;
    const want = { "public key": [public_key_id], "platform certificate": [platform_serial_no], both: [platform_serial_no, public_key_id] }[t.keys];
    assert.deepEqual((await t.call("keys")).toSorted(), want.toSorted());
  },
  async create(t) {
    const order = await t.create(t.order, true);
    assert.equal(order.out_order_no, t.order);
    assert.equal(order.state, "CREATED");
    await t.move("confirm", t.order);
  },
  async query(t) {
    const order = await t.query(t.order);
    assert.equal(order.out_order_no, t.order);
    assert.equal(order.state, "DOING");
  },
  async complete(t) {
    await t.complete(t.order);
    assert.equal((await t.query(t.order)).total_amount, 50000);
  },
  async modify(t) {
    await t.call("modify", { out_order_no: t.order, fields: { ...t.bill(39900), reason: "用户投诉" } });
    assert.equal((await t.query(t.order)).total_amount, 39900);
    await t.fault("bad-signature", "modify");
    await t.refused("modify", { out_order_no: t.order, fields: { ...t.bill(29900), reason: "用户投诉" } });
    // It was carried out: a program that takes the refusal for a failure is wrong by the amount.
    assert.equal((await t.query(t.order)).total_amount, 29900);
  },
  async cancel(t) {
    const cancel = async (order) => {
      await t.create(order, true);
      return { out_order_no: order, fields: { service_id: t.account.service_id, sub_mchid: t.account.sub_mchid, reason: "用户投诉" } };
    };
    const unknown = await cancel(`${t.order}-U`), cancelled = await cancel(`${t.order}-C`);
    await t.fault("bad-signature", "cancel");
    await t.refused("cancel", unknown);
    await t.call("cancel", cancelled);
    for (const { out_order_no } of [unknown, cancelled]) assert.equal((await t.query(out_order_no)).state, "REVOKED");
  },
  async "escaped number"(t) {
    const order = `${t.order}|_*`;
    await t.create(order, false);
    await t.complete(order);
    assert.equal((await t.query(order)).total_amount, 50000);
  },
  async refund(t) {
    await t.move("user_pays", t.order);
    const { total_amount, collection } = await t.query(t.order);
    assert.equal(collection.state, "USER_PAID");
    const refund = await t.call("refund", {
      fields: {
        sub_mchid: t.account.sub_mchid, transaction_id: collection.details[0].transaction_id, out_refund_no: t.order, reason: "商品已售完",
        notify_url: t.notifyURL(`${t.order}-R`), amount: { refund: 100, total: total_amount, currency: "CNY" },
      },
    });
    assert.equal(refund.out_refund_no, t.order);
    await t.admin("other-moves", { name: "refund_succeeds", sub_mchid: t.account.sub_mchid, out_refund_no: t.order });
  },
  async notifications(t) {
    const serials = new Set();
    const take = async (to, event, field, want) => {
      const notification = await t.notification(to, event);
      serials.add(notification.headers["wechatpay-serial"]);
      assert.equal((await t.call("notification", notification))[field], want);
    };
    await take(t.order, "PAYSCORE.USER_CONFIRM", "out_order_no", t.order);
    await take(t.order, "PAYSCORE.USER_PAID", "out_order_no", t.order);
    await take(`${t.order}-R`, "REFUND.SUCCESS", "out_refund_no", t.order);
    if (t.keys !== "both") return;
    // An order from before the merchant had the public key is announced under the certificate.
    const order = `${t.order}-B`, before = t.before();
    await before.call("keys").catch(() => {}); // the first column has what is wrong with it
    await before.create(order, true);
    await before.close();
    await t.move("confirm", order);
    await take(order, "PAYSCORE.USER_CONFIRM", "out_order_no", order);
    assert.equal(serials.size, 2, "both keys sign");
  },
  async "forged notification"(t) {
    const { headers, body } = await t.notification(t.order, "PAYSCORE.USER_PAID");
    const signature = headers["wechatpay-signature"];
    for (const forged of [
      { headers, body: body.replace("USER_PAID", "USER_FAKE") },
      { headers, body: JSON.stringify(JSON.parse(body)) }, // what a framework makes of it
      { headers: { ...headers, "wechatpay-signature": signature.replace(/^./, (c) => (c === "A" ? "B" : "A")) }, body },
      { headers: { ...headers, "wechatpay-nonce": "0" }, body },
    ]) await t.refused("notification", forged);
  },
  async "forged ciphertext"(t) {
    const envelope = JSON.parse((await t.notification(t.order, "PAYSCORE.USER_PAID")).body);
    const bytes = Buffer.from(envelope.resource.ciphertext, "base64");
    bytes[bytes.length - 1] ^= 1;
    envelope.resource.ciphertext = bytes.toString("base64");
    const error = await t.call("decrypt", { envelope }).then(() => assert.fail("decrypted"), (e) => e);
    assert.match(error.message, /auth/i);
  },
  async "wrong signature"(t) {
    const order = `${t.order}-W`;
    await t.create(order, false);
    await t.fault("bad-signature", "complete");
    await t.refused("complete", { out_order_no: order, fields: t.completion() });
    assert.equal((await t.query(order)).total_amount, 50000);
    for (const fault of wrong) await t.spoiled(order, fault);
  },
  async "keeps its key"(t) {
    const order = `${t.order}-K`;
    const serial = async (number) => (await t.notification(number, "PAYSCORE.USER_CONFIRM")).headers["wechatpay-serial"];
    await t.create(order, true);
    await t.move("confirm", order);
    assert.equal(await serial(order), await serial(t.order), "asks for another key");
  },
  async "old answer"(t) {
    const order = `${t.order}-O`;
    await t.create(order, false);
    await t.complete(order);
    for (const fault of old) await t.spoiled(order, fault);
  },
  async "verifies by default"(t) {
    await t.fault("bad-signature", "query");
    await t.refused("queryByDefault", { out_order_no: t.order });
  },
};
