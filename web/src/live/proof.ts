/**
 * The proof that this browser is the holder of its waiting-room pass: the gateway's nonce, signed with the key the room page made.
 * Where there is no key (no secure context) the HttpOnly secret stands in; it went along with the handshake, and nothing is sent.
 */

import { holderKey, publicPoint, sign } from "../room/holder";
import type { Prove } from "./messages";

/** What is signed; the gateway builds the same text (realtime/proofs.py). */
export function proofText(show: number, nonce: string): string {
  return `frontrow live v1\n${show}\n${nonce}`;
}

/** Sign *nonce* for *show*; null when this browser has no key. */
export async function proveHolder(show: number, nonce: string): Promise<Prove | null> {
  const pair = await holderKey(false);
  if (!pair) return null;
  return { t: "prove", ...(await publicPoint(pair)), signature: await sign(pair, proofText(show, nonce)) };
}
