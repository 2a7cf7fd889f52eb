// A row of the matrix: the runner of a client, and what the cells do with it and with the sandbox.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** One row: a client, the keys it has, the sandbox that it calls and the number of its order. */
export class Row {
  #runner; #ended; #answers; #sandbox;

  constructor(row, sandbox) {
    Object.assign(this, row, { account: sandbox.account });
    this.#sandbox = sandbox;
    const [command, ...args] = row.run;
    const setup = { keys: row.keys, dir: sandbox.dir, host: row.proxied ? "" : sandbox.account.base_url };
    const here = Object.entries(process.env).filter(([name]) => !/_proxy$/i.test(name)); // a machine's own proxy is for other hosts
    const env = { ...Object.fromEntries(here), ...(row.proxied && sandbox.proxied) };
    this.#runner = spawn(command, [...args, JSON.stringify(setup)], { env, stdio: ["pipe", "pipe", "inherit"] });
    this.#ended = once(this.#runner, "exit");
    this.#runner.stdin.on("error", () => {}); // a runner that ended is told by its missing answer
    this.#answers = createInterface(this.#runner.stdout)[Symbol.asyncIterator]();
  }

  /** The same client when it had the platform certificate only. */
  before() { return new Row({ ...this, keys: "platform certificate" }, this.#sandbox); }

  async close() {
    this.#runner.stdin.end();
    assert.equal((await this.#ended)[0], 0, `the runner of ${this.client} failed`);
  }

  async call(op, request) {
    this.#runner.stdin.write(`${JSON.stringify({ op, ...request })}\n`);
    const { value: line, done } = await this.#answers.next();
    if (done) throw new Error(`the runner of ${this.client} ended`);
    const { value, error } = JSON.parse(line);
    if (error !== undefined) throw new Error(error);
    return value;
  }

  bill(total_amount) {
    return {
      service_id: this.account.service_id, sub_mchid: this.account.sub_mchid, total_amount,
      post_payments: [{ name: "就餐费用", amount: total_amount + 100 }], post_discounts: [{ name: "满20减1元", description: "不与其他优惠叠加", amount: 100 }],
    };
  }

  completion() {
    return { ...this.bill(50000), time_range: { start_time: "20091225091010", end_time: "20091225121010" } };
  }

  create(out_order_no, need_user_confirm) {
    const { service_id, appid, sub_mchid } = this.account;
    return this.call("create", {
      fields: {
        service_id, appid, sub_mchid, out_order_no, service_introduction: "XX充电宝", risk_fund: { name: "DEPOSIT", amount: 60000 },
        time_range: { start_time: "OnAccept" }, notify_url: this.notifyURL(out_order_no), need_user_confirm,
        ...(need_user_confirm ? {} : { openid: "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o" }),
      },
    });
  }

  query(out_order_no) { return this.call("query", { out_order_no }); }

  complete(out_order_no) { return this.call("complete", { out_order_no, fields: this.completion() }); }

  async refused(op, request) {
    const error = await this.call(op, request).then(() => assert.fail("accepted"), (e) => e);
    if (!this.mismatch.test(error.message)) throw error;
  }

  /** A fault on a 200 and on a 204, which a repeated completion gets as long as the order is not paid. */
  async spoiled(out_order_no, fault) {
    await this.fault(fault, "query");
    await this.refused("query", { out_order_no });
    await this.fault(fault, "complete");
    await this.refused("complete", { out_order_no, fields: this.completion() });
  }

  fault(name, operation) {
    return this.admin("faults", { name, operation: `${operation}PartnerServiceOrder`, count: 1, ...(name.endsWith("-timestamp") && { delay: "24h" }) });
  }

  move(name, out_order_no) { return this.admin("moves", { name, sub_mchid: this.account.sub_mchid, out_order_no }); }

  admin(path, body) { return this.#sandbox.admin(path, body); }

  notifyURL(to) { return `${this.receiver.url}/${this.mode}/${encodeURIComponent(to)}`; }

  notification(to, event) { return this.receiver.wait(new URL(this.notifyURL(to)).pathname, event); }
}
