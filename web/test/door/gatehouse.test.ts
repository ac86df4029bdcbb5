// Between a code and a verdict: no false "already used", no number used twice, an answer in every case.

import { beforeEach, describe, expect, it } from "vitest";
import type { DoorApi, Reply, ScanAnswer, ScanRequest } from "../../src/door/api";
import { Device } from "../../src/door/device";
import { deviceName, Gatehouse, SAME_MS, type Verdict } from "../../src/door/gatehouse";

class Memory {
  readonly kept = new Map<string, string>();
  getItem = (key: string) => this.kept.get(key) ?? null;
  setItem = (key: string, value: string) => void this.kept.set(key, value);
}

/** A server that admits each code once, remembers (device, seq), and can lose replies. */
class Server implements DoorApi {
  readonly requests: ScanRequest[] = [];
  readonly stored = new Map<string, ScanAnswer>();
  readonly admitted = new Set<string>();
  loseReplies = 0;
  deaf = false;
  enrolments = 0;
  refuse: string | null = null;

  async enrol(): Promise<Reply<number>> {
    return { value: 100 + this.enrolments++ };
  }

  async scan(request: ScanRequest): Promise<Reply<ScanAnswer>> {
    if (this.deaf) return { silent: true };
    this.requests.push(request);
    if (this.refuse) {
      const refused = this.refuse;
      this.refuse = null;
      return { refused };
    }
    const key = `${request.device}:${request.seq}`;
    const again = this.admitted.has(request.code);
    const answer = this.stored.get(key) ?? {
      device: request.device, seq: request.seq, scan: this.stored.size + 1, decision: again ? "deny" : "admit", colour: again ? "red" : "green",
      reason: again ? "already_inside" : "", at_ms: request.at_ms, first_ms: again ? 1 : null, first_gate: again ? "North" : null,
      again: false, repeated: false, ticket: null,
    } as ScanAnswer;
    this.stored.set(key, answer);
    this.admitted.add(request.code);
    if (this.loseReplies > 0) {
      this.loseReplies--;
      return { silent: true };
    }
    return { value: answer };
  }

  async undo(scan: number, device: number, seq: number): Promise<Reply<ScanAnswer>> {
    return { value: { device, seq, scan: scan + 1000, decision: "undo" } as ScanAnswer };
  }

  shows = async () => ({ value: [] });
  addGate = async () => ({ refused: "x" });
  find = async () => ({ value: { tickets: [], more: false } });
}

let server: Server;
let memory: Memory;
let house: Gatehouse;
let shown: Verdict[];
let now: number;

beforeEach(() => {
  server = new Server();
  memory = new Memory();
  shown = [];
  now = 1_000_000;
  house = new Gatehouse(server, new Device(memory), () => ({ show: 5, gate: 2, direction: "entry" }), async () => true, { now: () => now });
  house.onVerdict = (verdict) => shown.push(verdict);
});

function last(): ScanAnswer {
  const verdict = shown.at(-1);
  if (verdict?.kind !== "answer") throw new Error(`no answer but ${JSON.stringify(verdict)}`);
  return verdict.answer;
}

describe("a presentation", () => {
  it("enrols the device once and numbers its scans", async () => {
    await house.present("A", "wedge");
    await house.present("B", "wedge");
    expect(server.enrolments).toBe(1);
    expect(server.requests.map(({ device, seq }) => [device, seq])).toEqual([[100, 1], [100, 2]]);
  });

  it("is one as long as the code stays in view", async () => {
    for (let look = 0; look < 40; look++) {
      await house.present("A", "camera");
      now += 250;
    }
    expect(server.requests).toHaveLength(1);
    expect(shown).toHaveLength(1);
  });

  it("is a new one after three seconds out of view", async () => {
    await house.present("A", "camera");
    now += SAME_MS;
    await house.present("A", "camera");
    expect(server.requests).toHaveLength(2);
    expect(last().reason).toBe("already_inside");
  });

  it("repeated by hand within three seconds shows the first answer again", async () => {
    await house.present("A", "wedge");
    now += 1000;
    await house.present("A", "wedge");
    expect(server.requests).toHaveLength(1);
    expect(shown).toHaveLength(2);
    expect(last().decision).toBe("admit");
  });

  it("of white space is none", async () => {
    await house.present("  \n", "typed");
    expect(shown).toEqual([]);
  });

  it("while another is on its way waits for its turn", async () => {
    const first = house.present("A", "camera");
    await house.present("B", "camera");
    await first;
    expect(server.requests.map(({ code }) => code)).toEqual(["A"]);
  });
});

describe("a lost reply", () => {
  it("is asked for again under the same number, and is no second use", async () => {
    server.loseReplies = 1;
    await house.present("A", "wedge");
    expect(server.requests.map(({ seq }) => seq)).toEqual([1, 1]);
    expect(last().decision).toBe("admit");
  });

  it("keeps its number until it is answered, however much later", async () => {
    server.loseReplies = 2;
    await house.present("A", "wedge");
    expect(shown.at(-1)).toMatchObject({ kind: "silent", genuine: true });
    now += 60_000;
    await house.present("B", "wedge");
    await house.present("A", "typed");
    expect(last().decision).toBe("admit");
    expect(server.requests.filter(({ code }) => code === "A").map(({ seq }) => seq)).toEqual([1, 1, 1]);
    expect(house.recent.value.filter(({ kind }) => kind === "silent")).toEqual([]);
  });

  it("may be asked for again at once by hand, and by the camera after three seconds", async () => {
    server.loseReplies = 4;
    await house.present("A", "wedge");
    await house.present("A", "camera");
    expect(server.requests).toHaveLength(2);
    await house.present("A", "typed");
    expect(server.requests).toHaveLength(4);
    for (let look = 0; look < 20; look++) {
      now += 250;
      await house.present("A", "camera");
    }
    expect(server.requests).toHaveLength(5);
    expect(last().decision).toBe("admit");
  });

  it("without any network says so and loses nothing", async () => {
    await house.present("X", "wedge");
    server.deaf = true;
    await house.present("A", "wedge");
    expect(shown.at(-1)).toMatchObject({ kind: "silent" });
    server.deaf = false;
    now += SAME_MS;
    await house.present("A", "wedge");
    expect(last().decision).toBe("admit");
  });
});

describe("the device", () => {
  it("jumps ahead when a number was used already", async () => {
    await house.present("A", "wedge");
    server.refuse = "scan_key_reused";
    await house.present("B", "wedge");
    expect(last().decision).toBe("admit");
    expect(server.requests.at(-1)!.seq).toBeGreaterThan(1000);
  });

  it("enrols anew when the house does not know it", async () => {
    await house.present("A", "wedge");
    server.refuse = "device_unknown";
    await house.present("B", "wedge");
    expect(server.requests.at(-1)).toMatchObject({ device: 101, seq: 1 });
  });

  it("goes on counting after a reload", async () => {
    await house.present("A", "wedge");
    const reloaded = new Device(memory);
    expect([reloaded.id, reloaded.next()]).toEqual([100, 2]);
  });

  it("starts over when what it kept is unreadable", () => {
    memory.setItem("frontrow.door.device", "{nonsense");
    expect(new Device(memory).id).toBeNull();
  });

  it("has a name staff recognise", () => {
    expect(deviceName("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0) Version/19.0 Safari/605")).toBe("iPhone, Safari");
    expect(deviceName("")).toBe("Scanner");
  });
});

describe("undo", () => {
  it("marks the line, and the same ticket may be scanned at once", async () => {
    await house.present("A", "wedge");
    await house.undo(house.recent.value[0]!);
    expect(house.recent.value[0]).toMatchObject({ undone: true });
    expect(house.verdict.value).toBeNull();
    await house.present("A", "wedge");
    expect(server.requests).toHaveLength(2);
  });
});
