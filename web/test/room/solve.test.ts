import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type Challenge, engine, solve } from "../../src/room/solve";
import { search } from "../../src/room-work/search";

interface Case {
  challenge: Challenge;
  counter: number;
  derivedKey: string;
}
const { cases } = JSON.parse(readFileSync(join(import.meta.dirname, "../../../tests/vectors/work.json"), "utf8")) as { cases: Case[] };

afterEach(() => vi.unstubAllGlobals());

describe("the proof of work", () => {
  it("finds what ALTCHA's package finds, by the browser's cryptography and without it", async () => {
    for (const { challenge, counter, derivedKey } of cases) {
      const asked = challenge.parameters;
      expect(await engine()(asked, 0, asked.data.most)).toEqual([counter, derivedKey]);
      expect(search(asked)).toEqual([counter, derivedKey]);
    }
  });

  it("gives up after the last counter", async () => {
    const asked = cases[0]!.challenge.parameters;
    expect(await engine()({ ...asked, keyPrefix: "00".repeat(16) }, 0, 40)).toBeNull();
    expect(search({ ...asked, keyPrefix: "00".repeat(16), data: { most: 40 } })).toBeNull();
  });

  it("needs nothing but its own text, as in a worker", async () => {
    const alone = new Function(`return (${engine})()`)() as ReturnType<typeof engine>;
    const { challenge, counter, derivedKey } = cases[1]!;
    expect(await alone(challenge.parameters, 0, 300)).toEqual([counter, derivedKey]);
  });

  /** Workers that answer as the real ones do, but for blobs when *stops*. */
  function workers(stops = false): string[] {
    const started: string[] = [];
    class Stand {
      onmessage: ((event: { data: unknown }) => void) | null = null;
      onerror: ((event: { message: string }) => void) | null = null;
      constructor(address: string) {
        started.push(address.replace(/^blob:.*/, "blob"));
        if (address.startsWith("blob:"))
          setTimeout(async () => {
            if (stops) this.onerror?.({ message: "stopped" });
            else this.onmessage?.({ data: await engine()(CASE.challenge.parameters, 0, 300) });
          });
      }
      postMessage(asked: Challenge["parameters"]): void {
        setTimeout(() => this.onmessage?.({ data: search(asked) }));
      }
      terminate(): void {}
    }
    vi.stubGlobal("Worker", Stand);
    return started;
  }
  const CASE = cases[1]!;
  const solution = { counter: CASE.counter, derivedKey: CASE.derivedKey };
  const sent = async () => JSON.parse(atob(await solve(CASE.challenge, "/assets/room-work.js")));

  it("is done in a worker made of a text, and goes back with what was asked", async () => {
    const started = workers();
    expect(await sent()).toEqual({ challenge: CASE.challenge, solution });
    expect(started).toEqual(["blob"]);
  });

  it("goes elsewhere when the policy stops such a worker", async () => {
    const started = workers(true);
    expect((await sent()).solution).toEqual(solution);
    expect(started).toEqual(["blob", "/assets/room-work.js"]);
  });

  it("goes elsewhere at once where the browser has no cryptography", async () => {
    vi.stubGlobal("crypto", undefined); // an address without TLS
    const started = workers();
    expect((await sent()).solution).toEqual(solution);
    expect(started).toEqual(["/assets/room-work.js"]);
  });

  it("fails where no worker starts at all", async () => {
    vi.stubGlobal("Worker", undefined);
    await expect(sent()).rejects.toThrow();
  });
});
