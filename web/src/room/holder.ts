/**
 * The browser's own key: made once, never readable by any script, kept in IndexedDB. It signs a nonce of the server when a place is
 * claimed and when seats are held, so that a copied cookie buys nothing. Without a secure context there is none, and the HttpOnly
 * secret stands in. Used by the room page and by the seat page.
 */

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256" };

/** The key pair of this browser, made when *create*; null where there can be none. */
export async function holderKey(create: boolean): Promise<CryptoKeyPair | null> {
  if (!globalThis.crypto?.subtle || !globalThis.indexedDB) return null;
  try {
    const base = await done(open());
    const read = () => done<CryptoKeyPair | undefined>(base.transaction("keys").objectStore("keys").get("holder"));
    let pair = await read();
    if (!pair && create) {
      const made = (await crypto.subtle.generateKey(ALGORITHM, false, ["sign"])) as CryptoKeyPair;
      // Two tabs may join at once: `add` lets the first one win, and both use what is kept.
      await done(base.transaction("keys", "readwrite").objectStore("keys").add(made, "holder")).catch(() => {});
      pair = await read();
    }
    base.close();
    return pair ?? null;
  } catch {
    return null; // private windows of some browsers refuse IndexedDB
  }
}

/** The public point as a JWK writes it. */
export async function publicPoint(pair: CryptoKeyPair): Promise<{ x: string; y: string }> {
  const { x, y } = await crypto.subtle.exportKey("jwk", pair.publicKey);
  return { x: x!, y: y! };
}

/** Sign *text*: 64 bytes r‖s as base64url. */
export async function sign(pair: CryptoKeyPair, text: string): Promise<string> {
  const signature = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, pair.privateKey, new TextEncoder().encode(text));
  return base64url(new Uint8Array(signature));
}

export function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
}

function open(): IDBOpenDBRequest {
  const request = indexedDB.open("frontrow", 1);
  request.onupgradeneeded = () => request.result.createObjectStore("keys");
  return request;
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = (event) => {
      event.preventDefault();
      reject(request.error);
    };
  });
}
