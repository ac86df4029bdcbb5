/** What is checked of a draw, step by step, and what each step came to. The words are `proof.<step>.<said>` of web/messages/room. */

import type { Promised } from "./promise";
import * as proof from "./proof";
import { bytesOf, hexOf } from "./proof";

/** `GET …/draw`. */
export interface Draw {
  room: string;
  version: number;
  commitment: string;
  committed_at_ms: number;
  draws_ms: number;
  drawn: Drawn | null;
}

export interface Drawn {
  at_ms: number;
  secret: string;
  root: string;
  people: number;
  beacon: string;
  seed: string;
}

/** `GET …/draw/proof`. */
export interface Proof {
  index: number;
  tier: number;
  identity: string;
  path: string[];
}

export const STEPS = ["promise", "seed", "listed", "list", "place", "all"] as const;
export type Step = (typeof STEPS)[number];
/** *none*: there is nothing to check, as somebody who came after the draw has no place in it. */
export type Outcome = "ok" | "bad" | "none";

export interface Finding {
  step: Step;
  outcome: Outcome;
  said: string;
  holes?: Record<string, string | number>;
}

/** The secret that was revealed is the one that was promised: by the record, and by what this browser noted. */
export function checkPromise(draw: Draw, drawn: Drawn, noted: Promised | null): Finding {
  if (noted && noted.commitment !== draw.commitment) return { step: "promise", outcome: "bad", said: "changed" };
  if (draw.version !== proof.VERSION || hexOf(proof.commitmentOf(bytesOf(drawn.secret))) !== draw.commitment) return { step: "promise", outcome: "bad", said: "bad" };
  return { step: "promise", outcome: "ok", said: noted ? "noted" : "ok" };
}

/** The seed that follows from the record: everything later is computed from this, not from the one that is told. */
export function seedOf(drawn: Drawn): Uint8Array {
  return proof.seedOf(bytesOf(drawn.secret), bytesOf(drawn.root), bytesOf(drawn.beacon));
}

export function checkSeed(drawn: Drawn): Finding {
  const ok = hexOf(seedOf(drawn)) === drawn.seed;
  return { step: "seed", outcome: ok ? "ok" : "bad", said: ok ? "ok" : "bad" };
}

/** One entry is on the list. */
export function checkListed(drawn: Drawn, one: Proof, index: number): Finding {
  const own = proof.leafOf(index, one.tier, bytesOf(one.identity));
  const ok = one.index === index && proof.proves(bytesOf(drawn.root), drawn.people, index, own, one.path.map(bytesOf));
  return { step: "listed", outcome: ok ? "ok" : "bad", said: ok ? "ok" : "bad", holes: { index, steps: one.path.length } };
}

/** The list is the one whose root was fixed when the lobby closed. */
export function* checkList(drawn: Drawn, list: Uint8Array): proof.Slow<Finding> {
  const ok = proof.countOf(list) === drawn.people && hexOf(yield* proof.rootOf(list)) === drawn.root;
  return { step: "list", outcome: ok ? "ok" : "bad", said: ok ? "ok" : "bad", holes: { people: drawn.people } };
}

/** One entry's place is counted, and is the place the line serves it by. */
export function* checkPlace(list: Uint8Array, numbers: proof.Numbers, places: Uint8Array, index: number): proof.Slow<Finding> {
  const before = yield* proof.placeOf(list, numbers, index);
  const served = proof.servedAt(places, index);
  const left = proof.tierOf(list, index) === proof.NOBODY_TIER;
  const holes = { index, before, place: before + 1, people: proof.countOf(list), served: served === null ? "–" : served + 1 };
  if (served !== before) return { step: "place", outcome: "bad", said: "bad", holes };
  return { step: "place", outcome: "ok", said: left ? "left" : "ok", holes };
}

/** Everybody's place follows from the lots. */
export function* checkAll(list: Uint8Array, numbers: proof.Numbers, places: Uint8Array): proof.Slow<Finding> {
  const wrong = yield* proof.misplaced(list, numbers, places);
  const people = proof.countOf(list);
  if (wrong === null) return { step: "all", outcome: "ok", said: "ok", holes: { people } };
  return { step: "all", outcome: "bad", said: "bad", holes: { place: wrong + 1 } };
}

/** What all steps come to: *open* while one of them was not made. */
export function verdictOf(findings: readonly Finding[]): "ok" | "bad" | "open" {
  if (findings.some((one) => one.outcome === "bad")) return "bad";
  return STEPS.every((step) => findings.some((one) => one.step === step)) ? "ok" : "open";
}
