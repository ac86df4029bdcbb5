// The browser's reader of ticket codes, against the vectors it shares with the server.

import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { importKeys, parse, verify, type KeySet } from "../../src/door/code";

interface Case {
  name: string;
  text: string;
  refused?: string;
  facts?: Record<string, number | string>;
}

const vectors = JSON.parse(readFileSync(new URL("../../../tests/vectors/t1.json", import.meta.url), "utf8")) as {
  event: number;
  keys: Record<string, string | null>;
  cases: Case[];
};

let keys: KeySet;

beforeAll(async () => {
  keys = await importKeys(
    Object.entries(vectors.keys).map(([kid, hex]) => [Number(kid), hex === null ? null : Uint8Array.from(Buffer.from(hex, "hex"))] as const),
  );
});

describe("T1 vectors", () => {
  it.each(vectors.cases)("$name", async ({ text, refused, facts }) => {
    const parsed = parse(text);
    const answer = "refused" in parsed ? parsed : await verify(parsed, vectors.event, keys);
    if (refused) expect(answer).toEqual({ refused });
    else
      expect(answer).toEqual({
        event: facts!.event,
        ticketId: BigInt(facts!.ticket_id!),
        generation: facts!.generation,
        kid: facts!.kid,
        kind: facts!.kind,
        admissionClass: facts!.admission_class,
        zones: facts!.zones,
        validFromH: facts!.valid_from_h,
        validToH: facts!.valid_to_h,
      });
  });
});
