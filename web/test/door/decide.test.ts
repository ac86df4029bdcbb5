// The door's decision in the browser, against the table it shares with the server.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { CodeRefusal } from "../../src/door/code";
import { colour, decide } from "../../src/door/decide";

interface Facts {
  presented: { generation: number | null } | { refused: CodeRefusal };
  ticket: { show: number; state: "issued"; generation: number; admission_class: number; kind: number } | null;
  presence: { inside: boolean; entries: number; first_ms: number | null; first_gate: string | null };
  rule: { entries_max: number; opens_ms: number | null; closes_ms: number | null };
  gate: { show: number; direction: "entry" | "exit"; classes: number[] };
  now_ms: number;
}
type Case = { name: string; expect: Record<string, unknown> } & { [K in keyof Facts]?: Partial<Facts[K]> };

const table = JSON.parse(readFileSync(new URL("../../../tests/vectors/checkin.json", import.meta.url), "utf8")) as {
  base: Facts;
  cases: Case[];
};

function overBase(own: Case): Facts {
  const { base } = table;
  return {
    presented: own.presented && "refused" in own.presented ? (own.presented as { refused: CodeRefusal }) : { ...base.presented, ...own.presented },
    ticket: own.ticket === null ? null : { ...base.ticket!, ...own.ticket },
    presence: { ...base.presence, ...own.presence },
    rule: { ...base.rule, ...own.rule },
    gate: { ...base.gate, ...own.gate },
    now_ms: (own.now_ms as number | undefined) ?? base.now_ms,
  } as Facts;
}

describe("the door decides", () => {
  it.each(table.cases)("$name", (own) => {
    const { presented, ticket, presence, rule, gate, now_ms } = overBase(own);
    const answer = decide(
      presented,
      ticket && { ...ticket, admissionClass: ticket.admission_class },
      { inside: presence.inside, entries: presence.entries, firstMs: presence.first_ms, firstGate: presence.first_gate },
      { entriesMax: rule.entries_max, opensMs: rule.opens_ms, closesMs: rule.closes_ms },
      gate,
      now_ms,
    );
    const told: Record<string, unknown> = { decision: answer.decision };
    if (answer.decision === "admit") told.again = answer.again;
    if (answer.decision === "deny") {
      told.reason = answer.reason;
      if (answer.firstMs !== null) Object.assign(told, { first_ms: answer.firstMs, first_gate: answer.firstGate });
    }
    told.colour = colour(answer.decision, answer.decision === "deny" ? answer.reason : "");
    expect(told).toEqual(own.expect);
  });
});
