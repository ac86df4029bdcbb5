// The public keys of an event, fetched while there is a network, so that without one a forged code is still told from a real one.

import { importKeys, parse, verify, type KeySet } from "./code";

/** Raw public keys (32 bytes) by kid; null for a key that was given up. */
export type RawKeys = readonly (readonly [number, Uint8Array<ArrayBuffer> | null])[];

const TIMEOUT_MS = 5000;
// A door opens on a bad network too: whoever got no answer asks again, and less and less often.
const PAUSES_MS = [1000, 2000, 5000, 10_000, 30_000];

export class KeyRing {
  private known: { event: number; keys: KeySet } | null = null;
  private trying: Promise<boolean> = Promise.resolve(true);
  private turn = 0;

  constructor(
    private readonly ask: (event: number) => Promise<RawKeys> = fetchKeys,
    private readonly pause: (ms: number) => Promise<void> = (ms) => new Promise((resume) => setTimeout(resume, ms)),
  ) {}

  /** Ask for the keys of `event` until they are there, or another call has taken this one's place. */
  async learn(event: number): Promise<void> {
    const turn = ++this.turn;
    if (this.known?.event !== event) this.known = null;
    for (let tries = 0; turn === this.turn; tries++) {
      this.trying = this.fetched(event, turn);
      if (await this.trying) return;
      await this.pause(PAUSES_MS[Math.min(tries, PAUSES_MS.length - 1)]!);
    }
  }

  /** Whether a code is genuine; null when that cannot be told here. An answer that is on its way is waited for. */
  async genuine(code: string): Promise<boolean | null> {
    await this.trying;
    const parsed = parse(code);
    if (!this.known || "refused" in parsed) return null;
    return !("refused" in (await verify(parsed, this.known.event, this.known.keys)));
  }

  /** Ask once; false when there was no answer. A browser that cannot verify (plain HTTP, no Ed25519) has its answer, and knows nothing. */
  private async fetched(event: number, turn: number): Promise<boolean> {
    const raw = await this.ask(event).catch(() => null);
    if (!raw) return false;
    const keys = await importKeys(raw).catch(() => null);
    if (keys && turn === this.turn) this.known = { event, keys };
    return true;
  }
}

async function fetchKeys(event: number): Promise<RawKeys> {
  const response = await fetch(`/api/v1/events/${event}/ticket-keys`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (!response.ok) throw new Error(`no keys: ${response.status}`);
  const { keys } = (await response.json()) as { keys: { kid: number; key: string; status: string }[] };
  return keys.map(({ kid, key, status }) => [kid, status === "given_up" ? null : bytes(key)] as const);
}

function bytes(base64url: string): Uint8Array<ArrayBuffer> {
  const binary = atob(base64url.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
}
