// The ticket code, format T1, read and verified in the browser. Twin of server/tickets/code.py, which describes the bytes;
// both are held to tests/vectors/t1.json.

export type CodeRefusal =
  | "code_unreadable" // not a ticket code of this platform at all
  | "code_unknown_format" // a newer format: update the scanner
  | "code_damaged" // starts like ours, but letters are missing, foreign or not canonical
  | "code_wrong_event" // for another event; its signature was not looked at
  | "code_unknown_key" // signed under a key this key set does not list
  | "code_key_retired" // signed under a key that was given up
  | "code_forged"; // the signature does not belong to these facts

export interface TicketCode {
  event: number;
  ticketId: bigint;
  generation: number;
  kid: number;
  kind: number;
  admissionClass: number;
  zones: number;
  validFromH: number;
  validToH: number;
}

export interface ParsedCode {
  facts: TicketCode;
  payload: Uint8Array<ArrayBuffer>;
  signature: Uint8Array<ArrayBuffer>;
}

export type Refused = { refused: CodeRefusal };

/** Public keys by kid; null for a key that was given up. */
export type KeySet = ReadonlyMap<number, CryptoKey | null>;

const CONTEXT = new TextEncoder().encode("frontrow ticket T1\0");
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const BODY_CHARS = 141;
const PAYLOAD_BYTES = 24;
const KIND_MAX = 3;
const SPACE = /[ \t\n\v\f\r\u00a0]+/g;
const ASCII = /^[\x00-\x7f]*$/;

const refused = (code: CodeRefusal): Refused => ({ refused: code });

/** Read a code as typed, pasted or scanned: lower case and white space are accepted. */
export function parse(text: string): ParsedCode | Refused {
  const typed = text.length <= 1000 ? text.replace(SPACE, "") : "";
  const compact = typed.toUpperCase();
  if (!/^T[0-9]{1,3}\./.test(compact) || !ASCII.test(typed)) return refused("code_unreadable");
  if (!compact.startsWith("T1.")) return refused("code_unknown_format");
  const raw = unbase32(compact.slice(3));
  if (!raw) return refused("code_damaged");
  const view = new DataView(raw.buffer);
  const first = view.getUint8(0);
  if (first >> 4 !== 1 || (first & 15) > KIND_MAX) return refused("code_unknown_format");
  const ticketId = view.getBigUint64(6);
  if (ticketId >> 63n) return refused("code_damaged");
  const facts: TicketCode = {
    kind: first & 15,
    kid: view.getUint8(1),
    event: view.getUint32(2),
    ticketId,
    generation: view.getUint16(14),
    admissionClass: view.getUint16(16),
    zones: view.getUint16(18),
    validFromH: view.getUint16(20),
    validToH: view.getUint16(22),
  };
  return { facts, payload: raw.slice(0, PAYLOAD_BYTES), signature: raw.slice(PAYLOAD_BYTES) };
}

/** Believe a parsed code as a ticket of `event`, or say why not. */
export async function verify(parsed: ParsedCode, event: number, keys: KeySet): Promise<TicketCode | Refused> {
  if (parsed.facts.event !== event) return refused("code_wrong_event");
  const key = keys.get(parsed.facts.kid);
  if (key === undefined) return refused("code_unknown_key");
  if (key === null) return refused("code_key_retired");
  const message = new Uint8Array(CONTEXT.length + PAYLOAD_BYTES);
  message.set(CONTEXT);
  message.set(parsed.payload, CONTEXT.length);
  const genuine = await crypto.subtle.verify("Ed25519", key, parsed.signature, message);
  return genuine ? parsed.facts : refused("code_forged");
}

/** Make a key set of raw public keys (32 bytes). Throws where the browser has no Ed25519 or the page no secure context. */
export async function importKeys(raw: Iterable<readonly [number, Uint8Array<ArrayBuffer> | null]>): Promise<KeySet> {
  const keys = new Map<number, CryptoKey | null>();
  for (const [kid, bytes] of raw) {
    keys.set(kid, bytes && (await crypto.subtle.importKey("raw", bytes, "Ed25519", false, ["verify"])));
  }
  return keys;
}

/** Decode canonical unpadded Base32 of exactly 88 bytes, or nothing: one ticket has one spelling. */
function unbase32(body: string): Uint8Array<ArrayBuffer> | null {
  if (body.length !== BODY_CHARS) return null;
  const bytes = new Uint8Array(88);
  let bits = 0;
  let pending = 0;
  let at = 0;
  for (const letter of body) {
    const value = ALPHABET.indexOf(letter);
    if (value < 0) return null;
    pending = (pending << 5) | value;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = pending >> bits;
      pending &= (1 << bits) - 1;
    }
  }
  return pending === 0 ? bytes : null;
}
