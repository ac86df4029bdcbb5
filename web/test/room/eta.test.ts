import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { eta, peopleAhead, type Band } from "../../src/room/eta";
import type { LineFrame } from "../../src/room/frame";

interface Case {
  name: string;
  frame: LineFrame;
  position: number | null;
  ahead?: number;
  says: { kind: "band"; p10_ms: number; p50_ms: number; p90_ms: number } | { kind: "called" } | { kind: "unsaid"; why: string };
}

const shared = JSON.parse(readFileSync(new URL("../../../tests/contract/waitingroom/eta_cases.json", import.meta.url), "utf8")) as {
  tolerance_ms: number;
  cases: Case[];
};

describe("the band, by the cases that Python runs too", () => {
  it.each(shared.cases.map((one) => [one.name, one] as const))("%s", (_name, { frame, position, ahead, says }) => {
    const told = eta(frame, position);
    if (says.kind === "called") expect(told).toBe("called");
    else if (says.kind === "unsaid") expect(told).toBe(says.why);
    else {
      const band = told as Band;
      for (const [mine, theirs] of [[band.p10, says.p10_ms], [band.p50, says.p50_ms], [band.p90, says.p90_ms]] as const) {
        expect(Math.abs(mine - theirs)).toBeLessThanOrEqual(shared.tolerance_ms);
      }
    }
    if (ahead !== undefined) expect(peopleAhead(frame, position!)).toBeCloseTo(ahead, 5);
  });
});
