// What the door decides, from what is known about a ticket. Twin of server/checkin/decide.py; both are held to
// tests/vectors/checkin.json. Today the server decides and this names colours; an offline scanner will call `decide` itself.

import type { CodeRefusal } from "./code";

export type Reason =
  | CodeRefusal
  | "ticket_unknown"
  | "ticket_newer"
  | "ticket_superseded"
  | "ticket_void"
  | "ticket_suspended"
  | "kind_not_admitted"
  | "wrong_show"
  | "wrong_gate"
  | "too_early"
  | "too_late"
  | "already_inside"
  | "already_used"
  | "not_inside";

export type Colour = "green" | "amber" | "red";

export interface TicketFacts {
  show: number;
  state: "issued" | "suspended" | "void";
  generation: number;
  admissionClass: number;
  kind: number;
}

/** What the door remembers of a ticket; `firstMs` and `firstGate` belong to its first admission. */
export interface Presence {
  inside: boolean;
  entries: number;
  firstMs: number | null;
  firstGate: string | null;
}

export interface Rule {
  entriesMax: number;
  opensMs: number | null;
  closesMs: number | null;
}

export interface Gate {
  show: number;
  direction: "entry" | "exit";
  classes: readonly number[];
}

/** What a code says once its signature was believed; a ticket found by hand claims no generation. */
export type Presented = { generation: number | null } | { refused: CodeRefusal };

export type Decision =
  | { decision: "admit"; again: boolean }
  | { decision: "leave" }
  | { decision: "deny"; reason: Reason; firstMs: number | null; firstGate: string | null };

const AMBER: ReadonlySet<Reason> = new Set<Reason>([
  "code_unreadable",
  "code_unknown_format",
  "code_damaged",
  "code_unknown_key",
  "ticket_newer",
  "ticket_suspended",
  "wrong_gate",
  "too_early",
  "not_inside",
]);
const ADMISSION = 0;
const STAFF = 2;

/** Let the bearer through, or name the first thing that forbids it. */
export function decide(
  presented: Presented,
  ticket: TicketFacts | null,
  presence: Presence,
  rule: Rule,
  gate: Gate,
  nowMs: number,
): Decision {
  if ("refused" in presented) return deny(presented.refused);
  if (!ticket) return deny("ticket_unknown");
  if (presented.generation !== null && presented.generation !== ticket.generation) {
    return deny(presented.generation < ticket.generation ? "ticket_superseded" : "ticket_newer");
  }
  if (ticket.state === "void") return deny("ticket_void");
  if (ticket.show !== gate.show) return deny("wrong_show");
  if (ticket.kind !== ADMISSION && ticket.kind !== STAFF) return deny("kind_not_admitted");
  if (gate.direction === "exit") return presence.inside ? { decision: "leave" } : deny("not_inside");
  if (presence.inside) return deny("already_inside", presence);
  if (presence.entries >= rule.entriesMax) return deny("already_used", presence);
  if (ticket.state === "suspended") return deny("ticket_suspended");
  if (gate.classes.length > 0 && !gate.classes.includes(ticket.admissionClass)) return deny("wrong_gate");
  if (rule.opensMs !== null && nowMs < rule.opensMs) return deny("too_early");
  if (rule.closesMs !== null && nowMs >= rule.closesMs) return deny("too_late");
  return { decision: "admit", again: presence.entries > 0 };
}

/** The screen's colour: green lets through, red refuses, amber asks for a second look or the help desk. */
export function colour(decision: "admit" | "leave" | "deny" | "undo", reason: Reason | ""): Colour {
  if (decision !== "deny") return "green";
  return reason !== "" && AMBER.has(reason) ? "amber" : "red";
}

function deny(reason: Reason, first?: Presence): Decision {
  return { decision: "deny", reason, firstMs: first?.firstMs ?? null, firstGate: first?.firstGate ?? null };
}
