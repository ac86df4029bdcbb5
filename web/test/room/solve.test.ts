import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type Challenge, engine, solve } from "../../src/room/solve";

interface Case {
  challenge: Challenge;
  counter: number;
  derivedKey: string;
}
const { cases } = JSON.parse(readFileSync(join(import.meta.dirname, "../../../tests/vectors/work.json"), "utf8")) as { cases: Case[] };

afterEach(() => vi.unstubAllGlobals());

describe("the proof of work", () => {
  it.each([["plain JavaScript", false], ["the browser's cryptography", true]])("finds what ALTCHA's package finds, in %s", async (_how, native) => {
    for (const { challenge, counter, derivedKey } of cases) {
      const asked = challenge.parameters;
      expect(await engine()(asked, 0, asked.data.most, native)).toEqual([counter, derivedKey]);
    }
  });

  it("gives up after the last counter", async () => {
    const asked = cases[0]!.challenge.parameters;
    expect(await engine()({ ...asked, keyPrefix: "00".repeat(16) }, 0, asked.data.most, false)).toBeNull();
  });

  it("needs nothing but its own text, as in a worker", async () => {
    const alone = new Function(`return (${engine})()`)() as ReturnType<typeof engine>;
    const { challenge, counter, derivedKey } = cases[1]!;
    expect(await alone(challenge.parameters, 0, 300, false)).toEqual([counter, derivedKey]);
  });

  it("solves on the page where no worker starts, and tells how far it is", async () => {
    vi.stubGlobal("Worker", undefined);
    vi.stubGlobal("crypto", undefined); // an address without TLS
    const told: number[] = [];
    const { challenge, counter, derivedKey } = cases[1]!;
    const sent = JSON.parse(atob(await solve(challenge, { onProgress: (share) => told.push(share) })));
    expect(sent).toEqual({ challenge, solution: { counter, derivedKey } });
    expect(told).toEqual([...told].sort((a, b) => a - b));
  });

  it("solves on the page when the policy stops the worker after its start", async () => {
    class Stopped {
      onerror: (() => void) | null = null;
      constructor() {
        setTimeout(() => this.onerror?.());
      }
      terminate(): void {}
    }
    vi.stubGlobal("Worker", Stopped);
    const { challenge, counter } = cases[3]!;
    expect(JSON.parse(atob(await solve(challenge))).solution.counter).toBe(counter);
  });

  it("ends when it is called off", async () => {
    vi.stubGlobal("Worker", undefined);
    const leaving = AbortSignal.abort(new Error("left"));
    await expect(solve(cases[0]!.challenge, { signal: leaving })).rejects.toThrow("left");
  });
});
