// A runner of the matrix: it gets one call a line on stdin, as JSON, and writes one answer a line on stdout, in the same order.
// bench/peer is the same for the clients in Go.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** What the matrix says on the command line: {keys, dir, host}; host is empty for WeChat Pay's own. */
export const setup = JSON.parse(process.argv[2]);

export const file = (name) => readFileSync(join(setup.dir, name));

export const account = JSON.parse(file("sandbox.json"));

/** The header that asks for an answer signed by the public key, when the client has it. */
export const naming = setup.keys === "platform certificate" ? {} : { "Wechatpay-Serial": account.public_key_id };

export async function serve(operations) {
  for await (const line of createInterface(process.stdin)) {
    const call = JSON.parse(line);
    let answer;
    try {
      const operation = operations[call.op];
      if (!operation) throw new Error("no such call");
      answer = { value: await operation(call) };
    } catch (e) {
      answer = { error: `${e.code ?? ""} ${e.message}`.trim() };
    }
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
}
