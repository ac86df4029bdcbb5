/**
 * Solve the door's proof of work (ALTCHA's second format, PBKDF2-SHA-256, deterministic): find the counter whose derived key begins
 * with the prefix that was asked for. In a worker, by the browser's own cryptography; plain http has none, and loads a worker that
 * brings its own (`room-work`). So does a browser that starts no worker from a text.
 */

/** What the server hands out (`GET /api/v1/rooms/{room}/challenge`, field `challenge`). It goes back unchanged. */
export interface Challenge {
  parameters: { nonce: string; salt: string; cost: number; keyPrefix: string; data: { most: number } };
  signature: string;
}

export type Asked = Challenge["parameters"];
export type Found = [counter: number, key: string] | null;

/** Return what the join sends; *elsewhere* is the address of `room-work`. Rejects where no worker starts, and when no counter fits. */
export async function solve(challenge: Challenge, elsewhere: string): Promise<string> {
  const asked = challenge.parameters;
  // The engine's text is the worker's whole program: it uses nothing from outside itself.
  const program = `(${engine})()(${JSON.stringify(asked)},0,${asked.data.most}).then(postMessage)`;
  const there = () => inWorker(elsewhere, asked);
  const found = await (globalThis.crypto?.subtle ? inWorker(URL.createObjectURL(new Blob([program]))).catch(there) : there());
  if (!found) throw new Error("no counter fits");
  return btoa(JSON.stringify({ challenge, solution: { counter: found[0], derivedKey: found[1] } }));
}

function inWorker(address: string, asked?: Asked): Promise<Found> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(address);
    const end = () => {
      worker.terminate();
      URL.revokeObjectURL(address);
    };
    worker.onerror = (event) => {
      end();
      reject(new Error(event.message));
    };
    worker.onmessage = ({ data }: MessageEvent<Found>) => {
      end();
      resolve(data);
    };
    if (asked) worker.postMessage(asked);
  });
}

/** Make a search. Self-contained: its own text is also the worker's program. */
export function engine(): (asked: Asked, from: number, to: number) => Promise<Found> {
  const toBytes = (hex: string, more = 0) => {
    const bytes = hex.match(/../g) ?? [];
    return Uint8Array.from({ length: bytes.length + more }, (_, i) => Number.parseInt(bytes[i] ?? "0", 16));
  };
  const toHex = (key: ArrayBuffer) => Array.from(new Uint8Array(key), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return async (asked, from, to) => {
    const how = { name: "PBKDF2", salt: toBytes(asked.salt), iterations: asked.cost, hash: "SHA-256" };
    const keyOf = async (counter: number): Promise<string> => {
      const password = toBytes(asked.nonce, 4);
      new DataView(password.buffer).setUint32(password.length - 4, counter);
      const key = await crypto.subtle.importKey("raw", password, "PBKDF2", false, ["deriveBits"]);
      return toHex(await crypto.subtle.deriveBits(how, key, 256));
    };
    // A few at once: the browser's cryptography works beside us and would wait between two questions.
    for (let counter = from; counter < to; counter += 8) {
      const keys = await Promise.all(Array.from({ length: 8 }, (_, i) => keyOf(counter + i)));
      const at = keys.findIndex((key) => key.startsWith(asked.keyPrefix));
      if (at >= 0) return [counter + at, keys[at]!];
    }
    return null;
  };
}
