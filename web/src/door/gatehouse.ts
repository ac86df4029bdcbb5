// What happens between a code and a verdict, without a screen: one scan at a time, no false "already used", nothing counted twice.

import { signal } from "@preact/signals";
import type { Direction, DoorApi, Method, Reply, ScanAnswer, ScanRequest } from "./api";
import type { Device } from "./device";

/** The place and task chosen for this device. */
export interface Post {
  show: number;
  gate: number;
  direction: Direction;
}

export type Verdict =
  | { kind: "answer"; code: string; answer: ScanAnswer; undone: boolean }
  | { kind: "silent"; code: string; genuine: boolean | null; atMs: number }
  | { kind: "refused"; code: string; refused: string; atMs: number };

export interface Clock {
  now(): number;
}

// The camera sees a ticket many times while it is held up; within this time it is the same presentation.
export const SAME_MS = 3000;
const LIST_MAX = 30;

export class Gatehouse {
  /** What fills the screen; null while waiting for a ticket. */
  readonly verdict = signal<Verdict | null>(null);
  /** A scan is on its way. */
  readonly asking = signal(false);
  /** The last scans, newest first. */
  readonly recent = signal<readonly Verdict[]>([]);
  /** Called with every verdict shown: sound, vibration. */
  onVerdict: (verdict: Verdict) => void = () => {};

  /** The last code and when it was last seen: as long as it stays in view it is one presentation. */
  private last: { code: string; seenMs: number; askedMs: number; verdict: Verdict | null } | null = null;
  /** Scans that got no answer keep their number: asked again, the server repeats what it said, if it ever said it. */
  private readonly unanswered = new Map<string, ScanRequest>();

  constructor(
    private readonly api: DoorApi,
    private readonly device: Device,
    private readonly post: () => Post,
    private readonly genuine: (code: string) => Promise<boolean | null>,
    private readonly clock: Clock = Date,
  ) {}

  /** Somebody shows a code, or staff type one. */
  async present(code: string, method: Method): Promise<void> {
    const now = this.clock.now();
    const wanted = code.trim();
    if (wanted === "") return;
    if (this.last?.code === wanted && now - this.last.seenMs < SAME_MS && !this.worthAsking(this.last, method, now)) {
      this.last.seenMs = now;
      // A person who taps a verdict away and holds the ticket up again wants to see it again; a camera that still sees it does not.
      if (method !== "camera" && this.last.verdict) this.show(this.last.verdict);
      return;
    }
    if (this.asking.value) return;
    const last = { code: wanted, seenMs: now, askedMs: now, verdict: null as Verdict | null };
    this.last = last;
    this.asking.value = true;
    try {
      const verdict = await this.judge(wanted, method, now);
      last.verdict = verdict;
      last.seenMs = this.clock.now();
      this.recent.value = [verdict, ...this.recent.value.filter((old) => !(old.kind === "silent" && old.code === wanted))].slice(0, LIST_MAX);
      this.show(verdict);
    } finally {
      this.asking.value = false;
    }
  }

  /** Back to waiting. */
  dismiss(): void {
    this.verdict.value = null;
  }

  /** Take back an admission or exit. */
  async undo(verdict: Verdict): Promise<void> {
    if (verdict.kind !== "answer" || verdict.undone || this.device.id === null) return;
    const reply = await this.api.undo(verdict.answer.scan, this.device.id, this.device.next());
    if (!("value" in reply)) {
      const refused = "refused" in reply ? reply.refused : "unavailable";
      this.show({ kind: "refused", code: verdict.code, refused, atMs: this.clock.now() });
      return;
    }
    const undone: Verdict = { ...verdict, undone: true };
    this.recent.value = this.recent.value.map((old) => (old === verdict ? undone : old));
    if (this.verdict.value === verdict) this.verdict.value = null;
    this.last = null;
  }

  /** Without an answer a hand may ask again at once, and the camera, which never tires, every three seconds. */
  private worthAsking(last: { askedMs: number; verdict: Verdict | null }, method: Method, now: number): boolean {
    if (!last.verdict || last.verdict.kind === "answer") return false;
    return method !== "camera" || now - last.askedMs >= SAME_MS;
  }

  private show(verdict: Verdict): void {
    this.verdict.value = verdict;
    this.onVerdict(verdict);
  }

  private async judge(code: string, method: Method, now: number): Promise<Verdict> {
    const reply = await this.ask(code, method, now);
    if ("value" in reply) return { kind: "answer", code, answer: reply.value, undone: false };
    if ("refused" in reply) return { kind: "refused", code, refused: reply.refused, atMs: now };
    return { kind: "silent", code, genuine: await this.genuine(code), atMs: now };
  }

  private async ask(code: string, method: Method, now: number): Promise<Reply<ScanAnswer>> {
    const { show, gate, direction } = this.post();
    const key = `${show} ${gate} ${direction} ${code}`;
    for (let turn = 0; turn < 3; turn++) {
      if (this.device.id === null) {
        const enrolled = await this.enrol();
        if (enrolled) return enrolled;
      }
      const request = this.unanswered.get(key) ?? { device: this.device.id!, seq: this.device.next(), show, gate, code, direction, method, at_ms: now };
      const reply = await this.api.scan(request);
      if ("silent" in reply) {
        this.unanswered.set(key, request);
        if (turn < 1) continue;
        return reply;
      }
      this.unanswered.delete(key);
      if ("refused" in reply && reply.refused === "scan_key_reused") this.device.jump();
      else if ("refused" in reply && (reply.refused === "device_unknown" || reply.refused === "device_revoked")) {
        const enrolled = await this.enrol();
        if (enrolled) return enrolled;
      } else return reply;
    }
    return { silent: true };
  }

  /** Get a number for this device; whatever stands in the way is the answer. */
  private async enrol(): Promise<Reply<ScanAnswer> | null> {
    const reply = await this.api.enrol(deviceName());
    if (!("value" in reply)) return reply;
    this.device.enrolled(reply.value);
    return null;
  }
}

/** A name staff recognise in a list of devices. */
export function deviceName(agent: string = globalThis.navigator?.userAgent ?? ""): string {
  const kind = /iPhone|iPad|Android|Windows|Mac OS|Linux/.exec(agent)?.[0] ?? "Scanner";
  const browser = /Firefox|Edg|Chrome|Safari/.exec(agent)?.[0].replace("Edg", "Edge");
  return browser ? `${kind}, ${browser}` : kind;
}
