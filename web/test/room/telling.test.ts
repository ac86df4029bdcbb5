import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Words } from "../../src/i18n/words";
import type { Mine, RoomFacts } from "../../src/room/facts";
import { newer, whole, type LineFrame } from "../../src/room/frame";
import { stageOf } from "../../src/room/stage";
import { banded, chances, rounded, steady } from "../../src/room/told";
import { etaText, fillings, shows, spoken, teller, type State } from "../../src/room/telling";

const MINUTE = 60_000;
const catalogue = (locale: string): Record<string, string> =>
  JSON.parse(readFileSync(new URL(`../../messages/room/${locale}.json`, import.meta.url), "utf8"));
const words = (locale = "en") => new Words(locale, catalogue(locale));
const band = (p10: number, p50: number, p90: number) => ({ p10: p10 * MINUTE, p50: p50 * MINUTE, p90: p90 * MINUTE });
const frame = (changed: Partial<LineFrame> = {}): LineFrame =>
  whole({ t: "line", room: 7, epoch: 1, tick: 9, now_ms: 1_000_000, phase: "open", served: 100, next: 900, waiting: 800, rate: [80, 100, 120], ...changed });
const mine = (changed: Partial<Mine> = {}): Mine =>
  ({ index: 5, position: 700, state: "waiting", claim_until_ms: null, visit_until_ms: null, go: null, bought: null, reentry: false, drawn: true, email: null, notify: false, review: null, ...changed }) as Mine;
const FACTS: RoomFacts = { room: 7, title: "The Glass Orchard", live_url: "", work: "/assets/room-work.js", place: "exact", promise: "", lobby_ms: 0, draws_ms: 2_000_000, to: null };
const state = (changed: Partial<State> = {}): State => ({
  facts: FACTS, frame: frame(), mine: mine(), nowMs: 1_000_000, clock: "en-GB", busy: null, refused: null, coded: false, full: false, lost: false, ringing: false, ...changed,
});

describe("where a person stands", () => {
  it.each<[string, LineFrame | null, Mine | null]>([
    ["planned", null, null],
    ["planned", frame({ phase: "planned" }), null],
    ["lobby_join", frame({ phase: "lobby" }), null],
    ["lobby", frame({ phase: "lobby" }), mine({ position: null })],
    ["drawing", frame({ phase: "drawing" }), mine({ position: null })],
    ["drawing", frame(), mine({ position: null })],
    ["join", frame(), null],
    ["straight_in", frame({ passthrough: true }), null],
    ["waiting", frame(), mine()],
    ["called", frame({ served: 701 }), mine()],
    ["called", frame({ served: 701, sold_out: true }), mine()],
    ["claimed", frame({ phase: "closed" }), mine({ state: "claimed", visit_until_ms: 1_000_001 })],
    ["done", frame(), mine({ state: "claimed", visit_until_ms: 999_999 })],
    ["done", frame({ sold_out: true }), mine({ state: "claimed", visit_until_ms: 0, bought: "/orders/7G2K" })],
    ["lapsed", frame(), mine({ state: "lapsed" })],
    ["left", frame(), mine({ state: "left" })],
    ["full_house", frame({ phase: "draining" }), null],
    ["waiting", frame({ phase: "draining" }), mine()],
    ["sold_out", frame({ sold_out: true }), mine()],
    ["sold_out", frame({ sold_out: true }), null],
    ["closed", frame({ phase: "closed" }), mine()],
  ])("is %s", (stage, at, own) => expect(stageOf(at, own, 1_000_000)).toBe(stage));
});

describe("the band as it is told", () => {
  it("is rounded outwards, coarser with the distance", () => {
    expect(rounded(band(8.2, 9.9, 11.1))).toEqual({ low: 8, high: 12 });
    expect(rounded(band(32, 40, 51))).toEqual({ low: 30, high: 55 });
    expect(rounded(band(100, 130, 155))).toEqual({ low: 90, high: 180 });
  });

  it("falls freely, breathes without a word, and gives a reason when it grows", () => {
    const first = steady(band(8.2, 9.9, 11.1), null);
    expect(steady(band(7.1, 8.5, 10.2), first)).toEqual({ low: 7, high: 11, grew: false });
    expect(steady(band(9.1, 11.5, 13), first)).toEqual({ low: 8, high: 12, grew: false });
    expect(steady(band(10, 12.5, 15), first)).toEqual({ low: 10, high: 15, grew: true });
  });

  it("never shows a larger number than before without a reason (T60)", () => {
    const tell = teller();
    let before = Infinity;
    for (let tick = 0; tick < 400; tick++) {
      const slow = tick > 150 && tick < 250;
      const rate = (slow ? 30 : 100) * (1 + 0.25 * Math.sin(tick * 1.7));
      const now = frame({ tick, now_ms: 1_000_000 + tick * 5_000, served: 100 + tick, rate: [rate * 0.8, rate, rate * 1.2], reason: slow ? "organiser" : null });
      const told = tell(now, 700);
      if (typeof told !== "object") throw new Error(told);
      if (told.high > before) expect(told.reason).toMatch(/^grew\./);
      before = told.high;
    }
    expect(before).toBeLessThan(10);
  });

  it("forgets what it told when every place was given anew", () => {
    const tell = teller();
    tell(frame(), 150);
    expect(tell(frame({ epoch: 2 }), 700)).toMatchObject({ reason: "" });
  });

  it("says it in words, with the plural of each language", () => {
    expect(etaText(words(), 0, 1)).toBe("any moment now");
    expect(etaText(words(), 8, 12)).toBe("between 8 and 12 minutes");
    expect(etaText(words(), 5, 5)).toBe("about 5 minutes");
    expect(etaText(words(), 90, 150)).toBe("between 1.5 and 2.5 hours");
    expect(etaText(words("de"), 90, 150)).toBe("zwischen 1,5 und 2,5 Stunden");
    expect(new Set([2, 5, 30].map((n) => etaText(words("ar"), n, n))).size).toBe(3);
  });
});

describe("what is told of a place", () => {
  it("rounds where the organiser's policy says so", () => {
    expect([7, 42, 87, 1204, 11_806].map(banded)).toEqual([10, 40, 90, 1200, 12_000]);
    const texts = (place: "exact" | "banded") => fillings(state({ facts: { ...FACTS, place } }), words(), teller());
    expect(texts("exact").place).toBe("601");
    expect(texts("banded").place).toBe("about 600");
  });

  it("compares the tickets left with the people ahead", () => {
    expect([chances(2000, 1000), chances(1000, 1000), chances(999, 1000)]).toEqual(["good", "close", "slim"]);
    expect(shows(state({ frame: frame({ left: 50 }) }), {})).toContain("slim");
    const texts = fillings(state({ frame: frame({ left: 50 }) }), words(), teller());
    expect([texts.ahead, texts.ahead_of, texts.left, texts.left_of]).toEqual(["600", "people ahead", "50", "tickets left"]);
  });

  it("counts down by the server's clock, never below nothing", () => {
    const called = (nowMs: number) => fillings(state({ nowMs, mine: mine({ state: "called", claim_until_ms: 1_065_000 }) }), words(), teller());
    expect(called(1_000_000).count).toBe("1:05");
    expect(called(1_070_000).count).toBe("0:00");
    expect(fillings(state({ mine: null, frame: frame({ phase: "planned" }), facts: { ...FACTS, lobby_ms: 1_000_000 + 94 * MINUTE } }), words(), teller()).count).toBe("1:34:00");
  });

  it("offers a second chance, else the end of the line, and neither once the line takes nobody", () => {
    const on = (own: Partial<Mine>, at: Partial<LineFrame> = {}) => shows(state({ mine: mine({ state: "lapsed", ...own }), frame: frame(at) }), {});
    expect(on({ reentry: true })).toContain("claims");
    expect(on({}).has("joins")).toBe(true);
    expect(on({}, { phase: "draining" }).has("joins")).toBe(false);
  });

  it("is spoken whole: the stage, the place, the time", () => {
    const texts = fillings(state(), words(), teller());
    expect(spoken(words(), "You’re in line", texts)).toBe("You’re in line. your place: 601. between 5 and 8 minutes");
  });
});

describe("frames", () => {
  it("are taken only when they are newer", () => {
    expect(newer(frame(), null)).toBe(true);
    expect(newer(frame({ tick: 9 }), frame({ tick: 9 }))).toBe(false);
    expect(newer(frame({ epoch: 2, tick: 0 }), frame({ tick: 9 }))).toBe(true);
  });
});

describe("the room's words", () => {
  const stem = (key: string) => key.replace(/\.(zero|one|two|few|many|other)$/, "");
  const holes = (text: string) => [...new Set([...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]!))].sort();

  it.each(["de", "ar"])("say the same in %s, with every plural form it has", (locale) => {
    const [en, other] = [catalogue("en"), catalogue(locale)];
    expect([...new Set(Object.keys(other).map(stem))].sort()).toEqual([...new Set(Object.keys(en).map(stem))].sort());
    for (const key of Object.keys(en).filter((one) => one === stem(one))) expect(holes(other[key]!), key).toEqual(holes(en[key]!));
    const forms = new Intl.PluralRules(locale).resolvedOptions().pluralCategories;
    for (const key of Object.keys(en).filter((one) => one.endsWith(".other"))) {
      const missing = forms.filter((form) => form !== "zero" && form !== "one" && form !== "two" && !(`${stem(key)}.${form}` in other));
      expect(missing, key).toEqual([]);
    }
  });
});
