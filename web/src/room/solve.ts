/**
 * Solve the door's proof of work (ALTCHA's second format, PBKDF2-SHA-256, deterministic): find the counter whose derived key begins
 * with the prefix that was asked for. In a worker where the page's policy lets one start, else in short slices between frames. The
 * browser's own cryptography is used where there is any; plain http has none, so SHA-256 is here too.
 */

/** What the server hands out (`GET /api/v1/rooms/{room}/challenge`, field `challenge`). It goes back unchanged. */
export interface Challenge {
  parameters: { nonce: string; salt: string; cost: number; keyPrefix: string; data: { most: number } };
  signature: string;
}

export interface Watch {
  /** Share of the counters tried, 0 … 1; on average the right one comes at a half. */
  onProgress?: (share: number) => void;
  signal?: AbortSignal;
}

type Asked = Challenge["parameters"];
type Found = [counter: number, key: string] | null;
type Search = (asked: Asked, from: number, to: number, native: boolean) => Promise<Found>;

const SLICE_MS = 12;

/** Return what the join sends. Rejects with the signal's reason when it is called off. */
export async function solve(challenge: Challenge, watch: Watch = {}): Promise<string> {
  watch.signal?.throwIfAborted();
  const asked = challenge.parameters;
  const found = await inWorker(asked, watch).catch((failed: unknown) => {
    watch.signal?.throwIfAborted();
    if (failed instanceof NoWorker) return onPage(asked, watch);
    throw failed;
  });
  if (!found) throw new Error("no counter fits");
  return btoa(JSON.stringify({ challenge, solution: { counter: found[0], derivedKey: found[1] } }));
}

class NoWorker extends Error {}

function inWorker(asked: Asked, { onProgress, signal }: Watch): Promise<Found> {
  return new Promise((resolve, reject) => {
    let worker: Worker;
    let address = "";
    try {
      // The engine's text is the worker's whole program: it uses nothing from outside itself.
      const program = `(${engine})()(${JSON.stringify(asked)},0,${asked.data.most},true,postMessage.bind(self)).then(postMessage)`;
      address = URL.createObjectURL(new Blob([program], { type: "text/javascript" }));
      worker = new Worker(address);
    } catch {
      reject(new NoWorker());
      return;
    }
    const end = (settle: () => void) => {
      worker.terminate();
      URL.revokeObjectURL(address);
      settle();
    };
    worker.onerror = () => end(() => reject(new NoWorker()));
    worker.onmessage = ({ data }: MessageEvent<number | Found>) => {
      if (typeof data === "number") onProgress?.(data / asked.data.most);
      else end(() => resolve(data));
    };
    signal?.addEventListener("abort", () => end(() => reject(signal.reason)));
  });
}

async function onPage(asked: Asked, { onProgress, signal }: Watch): Promise<Found> {
  const search = engine();
  const most = asked.data.most;
  for (let from = 0, step = 4; from < most; ) {
    signal?.throwIfAborted();
    const began = performance.now();
    const found = await search(asked, from, Math.min(from + step, most), true);
    if (found) return found;
    from += step;
    step = Math.max(1, Math.round((step * SLICE_MS) / Math.max(1, performance.now() - began)));
    onProgress?.(from / most);
    await new Promise((next) => setTimeout(next));
  }
  return null;
}

/** Make a search. Self-contained: its own text is also the worker's program. */
export function engine(): (...args: [...Parameters<Search>, ((tried: number) => void)?]) => Promise<Found> {
  const ROUNDS = new Int32Array(64);
  const START = new Int32Array(8);
  // The constants are the fractions of the primes' roots (FIPS 180-4, 4.2.2 and 5.3.3).
  const fraction = (x: number) => ((x % 1) * 2 ** 32) | 0;
  for (let prime = 2, n = 0; n < 64; prime++) {
    let factor = 2;
    while (prime % factor) factor++;
    if (factor < prime) continue;
    if (n < 8) START[n] = fraction(Math.sqrt(prime));
    ROUNDS[n++] = fraction(Math.cbrt(prime));
  }

  const words = new Int32Array(64);
  /** out = SHA-256's compression of the 16 words of *block* into *state*. */
  function compress(state: Int32Array, block: Int32Array, out: Int32Array): void {
    words.set(block);
    for (let i = 16; i < 64; i++) {
      const x = words[i - 15]!;
      const y = words[i - 2]!;
      const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
      const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
      words[i] = (words[i - 16]! + s0 + words[i - 7]! + s1) | 0;
    }
    let [a, b, c, d, e, f, g, h] = state as unknown as [number, number, number, number, number, number, number, number];
    for (let i = 0; i < 64; i++) {
      const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const t = (h + s1 + ((e & f) ^ (~e & g)) + ROUNDS[i]! + words[i]!) | 0;
      const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const u = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + t) | 0;
      d = c;
      c = b;
      b = a;
      a = (t + u) | 0;
    }
    out[0] = state[0]! + a;
    out[1] = state[1]! + b;
    out[2] = state[2]! + c;
    out[3] = state[3]! + d;
    out[4] = state[4]! + e;
    out[5] = state[5]! + f;
    out[6] = state[6]! + g;
    out[7] = state[7]! + h;
  }

  const inner = new Int32Array(8);
  const outer = new Int32Array(8);
  const block = new Int32Array(16);
  /** block = HMAC of *block*, whose message has *bytes* bytes, laid out to be the message of the next one. */
  function mac(bytes: number): void {
    block[bytes / 4] = 1 << 31;
    block[15] = (64 + bytes) * 8;
    compress(inner, block, block);
    block.fill(0, 8);
    block[8] = 1 << 31;
    block[15] = 768;
    compress(outer, block, block);
    block.fill(0, 8);
  }

  /** PBKDF2 of one block: *password* has five words, *salt* four. */
  function derive(password: Int32Array, salt: Int32Array, cost: number): Int32Array {
    for (const [state, pad] of [[inner, 0x36363636], [outer, 0x5c5c5c5c]] as const) {
      block.fill(pad);
      for (let i = 0; i < 5; i++) block[i] = password[i]! ^ pad;
      compress(START, block, state);
    }
    block.fill(0);
    block.set(salt);
    block[4] = 1;
    mac(20);
    const key = block.slice(0, 8);
    while (--cost) {
      mac(32);
      for (let i = 0; i < 8; i++) key[i]! ^= block[i]!;
    }
    return key;
  }

  const toWords = (hex: string) => Int32Array.from(hex.match(/.{8}/g) ?? [], (word) => Number.parseInt(word, 16) | 0);
  const toHex = (key: Int32Array) => Array.from(key, (word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
  const toBytes = (from: Int32Array) => {
    const view = new DataView(new ArrayBuffer(from.length * 4));
    from.forEach((word, i) => view.setInt32(4 * i, word));
    return view.buffer;
  };

  return async (asked, from, to, native, tell) => {
    const salt = toWords(asked.salt);
    const password = new Int32Array(5);
    password.set(toWords(asked.nonce));
    const subtle = native ? globalThis.crypto?.subtle : undefined;
    const keyOf = async (counter: number): Promise<string> => {
      password[4] = counter;
      if (!subtle) return toHex(derive(password, salt, asked.cost));
      const key = await subtle.importKey("raw", toBytes(password), "PBKDF2", false, ["deriveBits"]);
      const how = { name: "PBKDF2", salt: toBytes(salt), iterations: asked.cost, hash: "SHA-256" };
      const bits = new DataView(await subtle.deriveBits(how, key, 256));
      return toHex(Int32Array.from({ length: 8 }, (_, i) => bits.getInt32(4 * i)));
    };
    // A few at once: the browser's cryptography works beside us and would wait between two questions.
    const together = subtle ? 8 : 1;
    for (let counter = from; counter < to; counter += together) {
      const keys = await Promise.all(Array.from({ length: together }, (_, i) => keyOf(counter + i)));
      const at = keys.findIndex((key) => key.startsWith(asked.keyPrefix));
      if (at >= 0) return [counter + at, keys[at]!];
      if (counter % 64 === 0) tell?.(counter);
    }
    return null;
  };
}
