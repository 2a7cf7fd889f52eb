// Replays api/vectors/launch.json.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { launch, query } from "../src/launch.js";
import { read } from "./vectors.js";

interface Vectors {
  sign_type: string;
  launches: {
    name: string;
    api_v2_key: string;
    params: Record<string, string>;
    sign: string;
    query_string: string;
    mistakes: { what: string; sign: string }[];
  }[];
}

const vectors = read<Vectors>("launch.json");

test("there are launches", () => {
  assert.ok(vectors.launches.length >= 5 && vectors.sign_type === "HMAC-SHA256");
});

for (const v of vectors.launches) {
  test(`launch: ${v.name}`, () => {
    const launched = launch(v.api_v2_key, v.params);
    assert.ok(v.mistakes.length > 0);
    for (const { what, sign } of v.mistakes) assert.notEqual(launched["sign"], sign, what);
    assert.equal(launched["sign"], v.sign);
    // The order of the pairs is free.
    assert.deepEqual(query(launched).split("&").sort(), v.query_string.split("&").sort());
    const given = Object.entries(v.params).filter(([, value]) => value !== "");
    assert.deepEqual(launched, { ...Object.fromEntries(given), sign: v.sign });
  });
}

const [first] = vectors.launches;
assert.ok(first);

test("parameters are sorted by name, in whatever order they come", () => {
  const turned = Object.fromEntries(Object.entries(first.params).reverse());
  assert.equal(launch(first.api_v2_key, turned)["sign"], first.sign);
  // As pairs, "a1=x" comes before "a=y".
  const message = `a=y&a1=x&sign_type=HMAC-SHA256&key=${first.api_v2_key}`;
  const { sign } = launch(first.api_v2_key, { a1: "x", a: "y", timestamp: "", nonce_str: "" });
  assert.equal(sign?.toLowerCase(), createHmac("sha256", first.api_v2_key).update(message).digest("hex"));
});

test("timestamp, nonce and the type of signature are made", () => {
  const made = launch(first.api_v2_key, { mch_id: "1900000001", package: "p" });
  assert.match(made["timestamp"] ?? "", /^\d{10}$/);
  assert.match(made["nonce_str"] ?? "", /^[0-9a-f]{32}$/);
  assert.equal(made["sign_type"], "HMAC-SHA256");
  assert.notEqual(made["nonce_str"], launch(first.api_v2_key, {})["nonce_str"]);
});

test("an APIv2 key that has not 32 bytes is an error of the caller", () => {
  for (const key of ["", first.api_v2_key.slice(1)]) assert.throws(() => launch(key, first.params), /^Error: the APIv2 key has \d+ bytes/);
});
