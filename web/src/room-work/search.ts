/**
 * The door's proof of work for browsers without cryptography of their own: on plain http there is none. Loaded only there, so the page of
 * everybody else need not carry it. Gives the counter that fits and its key, or null.
 */
import { pbkdf2 } from "@noble/hashes/pbkdf2.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";
import type { Asked, Found } from "../room/solve";

export function search(asked: Asked): Found {
  const salt = hexToBytes(asked.salt);
  const nonce = hexToBytes(asked.nonce);
  const password = new Uint8Array(nonce.length + 4);
  password.set(nonce);
  for (let counter = 0; counter < asked.data.most; counter++) {
    new DataView(password.buffer).setUint32(nonce.length, counter);
    const key = bytesToHex(pbkdf2(sha256, password, salt, { c: asked.cost, dkLen: 32 }));
    if (key.startsWith(asked.keyPrefix)) return [counter, key];
  }
  return null;
}
