import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import * as proof from "../../src/room/proof";

interface Case {
  name: string;
  room: string;
  people: number;
  secret: string;
  commitment: string;
  beacon: string;
  list: string;
  root: string;
  seed: string;
  places: string;
  some: { index: number; leaf: string; path: string[]; number: string; place: number }[];
}

const { cases } = JSON.parse(readFileSync(new URL("../../../tests/contract/waitingroom/draw_cases.json", import.meta.url), "utf8")) as { cases: Case[] };
const { bytesOf, hexOf } = proof;
const binary = (text: string) => new Uint8Array(Buffer.from(text, "base64"));

function run<T>(slow: proof.Slow<T>): T {
  for (;;) {
    const step = slow.next();
    if (step.done) return step.value;
    expect(step.value).toBeLessThanOrEqual(1);
  }
}

describe.each(cases.map((one) => [one.name, one] as const))("a draw of %s", (_name, one) => {
  const list = binary(one.list);
  const places = binary(one.places);
  const numbers = () => run(proof.numbersOf(bytesOf(one.seed), one.room, one.people));

  it("opens its promise and makes its seed", () => {
    expect(hexOf(proof.commitmentOf(bytesOf(one.secret)))).toBe(one.commitment);
    expect(hexOf(proof.seedOf(bytesOf(one.secret), bytesOf(one.root), bytesOf(one.beacon)))).toBe(one.seed);
  });

  it("has the root of its list", () => expect(hexOf(run(proof.rootOf(list)))).toBe(one.root));

  it("gives everybody the place that Python gave, and finds any two exchanged", () => {
    expect(run(proof.misplaced(list, numbers(), places))).toBeNull();
    if (one.people < 2) return;
    const forged = places.slice();
    forged.set(places.subarray(0, 4), 4);
    forged.set(places.subarray(4, 8), 0);
    expect(run(proof.misplaced(list, numbers(), forged))).not.toBeNull();
    forged.set(places.subarray(4, 8), 4); // one place twice
    expect(run(proof.misplaced(list, numbers(), forged))).not.toBeNull();
    expect(run(proof.misplaced(list, numbers(), places.subarray(4)))).not.toBeNull();
  });

  it("counts single places and follows single paths", () => {
    for (const some of one.some) {
      const own = proof.leafOf(some.index, proof.tierOf(list, some.index), proof.digestOf(list, some.index));
      const path = some.path.map(bytesOf);
      expect(hexOf(own)).toBe(some.leaf);
      expect(proof.proves(bytesOf(one.root), one.people, some.index, own, path)).toBe(true);
      expect(proof.numberAt(numbers(), some.index)).toBe(some.number);
      expect(run(proof.placeOf(list, numbers(), some.index))).toBe(some.place);
      expect(proof.servedAt(places, some.index)).toBe(some.place);
    }
  });
});

describe("a path", () => {
  const one = cases.find((some) => some.people === 1025)!;
  const some = one.some.at(1)!;
  const list = binary(one.list);
  const own = proof.leafOf(some.index, proof.tierOf(list, some.index), proof.digestOf(list, some.index));
  const path = some.path.map(bytesOf);
  const root = bytesOf(one.root);

  it("is refused for another leaf, index, count, order or length", () => {
    expect(proof.proves(root, 1025, some.index, own, path)).toBe(true);
    const other = proof.leafOf(some.index, 9, proof.digestOf(list, some.index));
    for (const forged of [
      proof.proves(root, 1025, some.index, other, path),
      proof.proves(root, 1025, some.index + 1, own, path),
      proof.proves(root, 1025, 1025, own, path),
      proof.proves(root, 1025, -1, own, path),
      proof.proves(root, 1025, NaN, own, path),
      proof.proves(root, 513, some.index, own, path),
      proof.proves(root, 1025, some.index, own, [...path].reverse()),
      proof.proves(root, 1025, some.index, own, path.slice(1)),
      proof.proves(root, 1025, some.index, own, [...path, root]),
      proof.proves(root, 1025, some.index, own, path.map((step) => step.subarray(1))),
      proof.proves(own, 1025, some.index, own, []),
    ]) expect(forged).toBe(false);
  });
});

it("refuses what is not hex", () => {
  expect(() => bytesOf("0g")).toThrow();
  expect(() => bytesOf("abc")).toThrow();
  expect(hexOf(bytesOf("00ff10"))).toBe("00ff10");
});

it("works in slices and tells how far it is", async () => {
  function* counting(): proof.Slow<string> {
    for (let step = 0; step < 5; step++) yield step / 5;
    return "done";
  }
  const told: number[] = [];
  expect(await proof.inSlices(counting(), (share) => told.push(share), 0)).toBe("done");
  expect(told).toEqual([0, 0.2, 0.4, 0.6, 0.8]);
});
