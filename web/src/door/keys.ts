// The public keys of an event, fetched while there is a network, so that without one a forged code is still told from a real one.

import { importKeys, parse, verify, type KeySet } from "./code";

type Known = { event: number; keys: KeySet } | null;

let known: Promise<Known> = Promise.resolve(null);

/** Fetch the keys of `event`. Where the browser cannot verify (plain HTTP, no Ed25519) nothing is known afterwards. */
export function learnKeys(event: number): void {
  known = fetchKeys(event).catch(() => null);
}

/** Whether a code is genuine; null when that cannot be told here. */
export async function genuine(code: string): Promise<boolean | null> {
  const learned = await known;
  const parsed = parse(code);
  if (!learned || "refused" in parsed) return null;
  return !("refused" in (await verify(parsed, learned.event, learned.keys)));
}

async function fetchKeys(event: number): Promise<Known> {
  const response = await fetch(`/api/v1/events/${event}/ticket-keys`, { signal: AbortSignal.timeout(5000) });
  const { keys } = (await response.json()) as { keys: { kid: number; key: string; status: string }[] };
  const raw = keys.map(({ kid, key, status }) => [kid, status === "given_up" ? null : bytes(key)] as const);
  return { event, keys: await importKeys(raw) };
}

function bytes(base64url: string): Uint8Array<ArrayBuffer> {
  const binary = atob(base64url.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
}
