// The door's side of the HTTP API. Every call ends in time: with a value, a refusal's code, or "no answer".

import type { Colour, Reason } from "./decide";

export type Method = "camera" | "wedge" | "typed" | "photo" | "lookup";
export type Direction = "entry" | "exit";

export interface Gate {
  id: number;
  name: string;
}

export interface DoorShow {
  id: number;
  event: number;
  title: string;
  label: string;
  starts_ms: number;
  doors_ms: number | null;
  venue_id: number;
  venue: string;
  time_zone: string;
  gates: Gate[];
}

export interface ScannedTicket {
  number: string;
  show: number;
  category: string;
  type: string;
  section: string;
  row: string;
  seat: string;
  holder: string;
}

export interface ScanAnswer {
  device: number;
  seq: number;
  scan: number;
  decision: "admit" | "leave" | "deny" | "undo";
  colour: Colour;
  reason: Reason | "";
  at_ms: number;
  first_ms: number | null;
  first_gate: string | null;
  again: boolean;
  repeated: boolean;
  ticket: ScannedTicket | null;
}

export interface ScanRequest {
  device: number;
  seq: number;
  show: number;
  gate: number;
  code: string;
  direction: Direction;
  method: Method;
  at_ms: number;
}

export interface Counters {
  show: number;
  tickets: number;
  admitted: number;
  inside: number;
  gates: { id: number; name: string; admitted: number; refused: number; last_minute: number; last_ms: number | null }[];
  now_ms: number;
}

export interface FoundTicket {
  number: string;
  state: "issued" | "suspended" | "void";
  category: string;
  type: string;
  section: string;
  row: string;
  seat: string;
  holder: string;
  order: string;
  buyer: string;
  inside: boolean;
  entries: number;
  first_ms: number | null;
  first_gate: string | null;
}

/** A value, a refusal by its code, or silence: nobody knows whether the request was carried out. */
export type Reply<T> = { value: T } | { refused: string } | { silent: true };

export interface DoorApi {
  shows(): Promise<Reply<DoorShow[]>>;
  addGate(venue: number, name: string): Promise<Reply<Gate>>;
  enrol(name: string): Promise<Reply<number>>;
  scan(request: ScanRequest): Promise<Reply<ScanAnswer>>;
  undo(scan: number, device: number, seq: number): Promise<Reply<ScanAnswer>>;
  find(show: number, asked: string): Promise<Reply<{ tickets: FoundTicket[]; more: boolean }>>;
}

// Long enough for a crowded network, short enough that the person at the front does not wonder.
const TIMEOUT_MS = 4000;

export const httpApi: DoorApi = {
  shows: async () => mapped(await call<{ shows: DoorShow[] }>("GET", "/api/v1/door/shows"), (value) => value.shows),
  addGate: (venue, name) => call("POST", "/api/v1/door/gates", { venue, name }),
  enrol: async (name) => mapped(await call<{ device: number }>("POST", "/api/v1/door/devices", { name }), (value) => value.device),
  scan: async (request) => {
    const reply = await call<{ answers: ScanAnswer[]; refused: { refused: string }[] }>("POST", "/api/v1/scans", { scans: [request] });
    if (!("value" in reply)) return reply;
    const [answer] = reply.value.answers;
    return answer ? { value: answer } : { refused: reply.value.refused[0]?.refused ?? "internal" };
  },
  undo: (scan, device, seq) => call("POST", `/api/v1/scans/${scan}/undo`, { device, seq }),
  find: (show, asked) => call("GET", `/api/v1/shows/${show}/checkin/tickets?q=${encodeURIComponent(asked)}`),
};

async function call<T>(method: string, path: string, body?: unknown): Promise<Reply<T>> {
  try {
    const response = await fetch(path, {
      method,
      credentials: "same-origin",
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(body === undefined ? {} : { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }),
    });
    const answer = (await response.json()) as T & { code?: string };
    if (response.ok) return { value: answer };
    return response.status >= 500 ? { silent: true } : { refused: answer.code ?? "bad_request" };
  } catch {
    return { silent: true };
  }
}

function mapped<T, U>(reply: Reply<T>, change: (value: T) => U): Reply<U> {
  return "value" in reply ? { value: change(reply.value) } : reply;
}
