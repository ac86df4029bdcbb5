import { describe, expect, it } from "vitest";
import { withFees } from "../../src/buyer/facts";
import { rowByLetter, seatsOf, walk } from "../../src/buyer/grid_walk";
import { countdown, flavour, Formats } from "../../src/i18n/format";
import { Words } from "../../src/i18n/words";
import { blocks } from "../support/charts";

describe("walking the list's grid", () => {
  const chart = blocks(2, 3, 5);
  const section = chart.sections[1]!;
  const at = (row: number, seat: number) => seatsOf(chart, section.rows[0] + row)[seat]!;

  it.each([
    ["left", [1, 2], [1, 1]],
    ["right", [1, 2], [1, 3]],
    ["up", [1, 2], [0, 2]],
    ["down", [1, 2], [2, 2]],
    ["home", [1, 2], [1, 0]],
    ["end", [1, 2], [1, 4]],
    ["top", [1, 2], [0, 0]],
    ["bottom", [1, 2], [2, 4]],
    ["left", [0, 0], [0, 0]],
    ["up", [0, 3], [0, 3]],
    ["down", [2, 3], [2, 3]],
  ] as const)("%s from %o leads to %o", (step, from, to) => {
    expect(walk(chart, section, at(from[0], from[1]), step)).toBe(at(to[0], to[1]));
  });

  it("jumps to a row by its letter", () => {
    expect(rowByLetter(chart, section, "b")).toBe(at(1, 0));
    expect(rowByLetter(chart, section, "x")).toBeNull();
  });
});

describe("prices", () => {
  it("include the buyer's fees, rounded half up as the server does, and nothing on free tickets", () => {
    const fees = [{ percent_bp: 250, fixed: 50 }, { percent_bp: 333, fixed: 0 }];
    expect(withFees(fees, 4500)).toBe(4500 + 113 + 50 + 150);
    expect(withFees(fees, 0)).toBe(0);
    expect(withFees([], 4500)).toBe(4500);
  });

  it("are written with the currency's own digits", () => {
    expect(new Formats("en", "eur").money(8400)).toBe("€84.00");
    expect(new Formats("en", "jpy").money(8400)).toBe("¥8,400");
    expect(new Formats("en-GB", "kwd").money(8400)).toContain("8.400");
  });
});

describe("words", () => {
  const words = new Words("de", { "a.one": "{n} Platz", "a.other": "{n} Plätze", b: "Hallo {name}", c: "ohne" });

  it("choose the plural by the number and write numbers as the language does", () => {
    expect(words.t("a", { n: 1 })).toBe("1 Platz");
    expect(words.t("a", { n: 1500 })).toBe("1.500 Plätze");
  });

  it("fill holes, leave unknown holes visible, and show a missing key instead of nothing", () => {
    expect(words.t("b", { name: "Ada" })).toBe("Hallo Ada");
    expect(words.t("b", {})).toBe("Hallo {name}");
    expect(words.t("c")).toBe("ohne");
    expect(words.t("nobody.wrote.this")).toBe("nobody.wrote.this");
  });

  it("take the reader's own flavour of the page's language", () => {
    expect(flavour("en", ["de-DE", "en-GB", "en-US"])).toBe("en-GB");
    expect(flavour("de", ["en-GB"])).toBe("de");
  });
});

describe("the countdown", () => {
  it.each([[425_000, "7:05"], [60_000, "1:00"], [59_001, "1:00"], [59_000, "0:59"], [1, "0:01"], [0, "0:00"], [-5000, "0:00"]])("shows %d ms as %s", (ms, text) => {
    expect(countdown(ms)).toBe(text);
  });
});
