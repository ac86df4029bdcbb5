// When the scanner has the keys, and what it says without them.

import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { KeyRing, type RawKeys } from "../../src/door/keys";

const vectors = JSON.parse(readFileSync(new URL("../../../tests/vectors/t1.json", import.meta.url), "utf8")) as {
  event: number;
  keys: Record<string, string | null>;
  cases: { text: string; refused?: string }[];
};
const raw: RawKeys = Object.entries(vectors.keys).map(([kid, hex]) => [Number(kid), hex === null ? null : Uint8Array.from(Buffer.from(hex, "hex"))] as const);
const code = vectors.cases.find(({ refused }) => !refused)!.text;
const forged = vectors.cases.find(({ refused }) => refused === "code_forged")!.text;

it("asks again, less and less often, until there is an answer", async () => {
  const pauses: number[] = [];
  let asked = 0;
  const ring = new KeyRing(
    async () => {
      if (++asked < 4) throw new Error("no network");
      return raw;
    },
    async (ms) => void pauses.push(ms),
  );
  await ring.learn(vectors.event);
  expect(pauses).toEqual([1000, 2000, 5000]);
  expect([await ring.genuine(code), await ring.genuine(forged)]).toEqual([true, false]);
});

it("waits for an answer that is on its way, and not for the pause after none", async () => {
  let answer: (keys: RawKeys) => void = () => {};
  const ring = new KeyRing(() => new Promise((resolve) => (answer = resolve)));
  void ring.learn(vectors.event);
  const told = ring.genuine(code);
  answer(raw);
  expect(await told).toBe(true);

  const silent = new KeyRing(() => Promise.reject(new Error("no network")), () => new Promise(() => {}));
  void silent.learn(vectors.event);
  expect(await silent.genuine(code)).toBeNull();
});

it("asks for the event that was chosen last", async () => {
  const answers = new Map<number, (keys: RawKeys) => void>();
  const ring = new KeyRing((event) => new Promise((resolve) => answers.set(event, resolve)));
  const first = ring.learn(vectors.event + 1);
  const second = ring.learn(vectors.event);
  answers.get(vectors.event)!(raw);
  await second;
  answers.get(vectors.event + 1)!([]);
  await first;
  expect(await ring.genuine(code)).toBe(true);
});

it("asks once where the browser cannot verify", async () => {
  let asked = 0;
  const ring = new KeyRing(async () => {
    asked++;
    return [[0, new Uint8Array(3)]]; // not a key: what importing says on plain HTTP, too
  });
  await ring.learn(vectors.event);
  expect([asked, await ring.genuine(code)]).toEqual([1, null]);
});
