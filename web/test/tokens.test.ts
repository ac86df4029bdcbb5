import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { contrast, DEFICIENCIES, distance, luminance, seenAs } from "./support/colour";

const css = readFileSync(new URL("../src/styles/tokens.css", import.meta.url), "utf8");

function block(selector: string): Map<string, string> {
  const start = css.indexOf(`${selector} {`);
  const body = css.slice(start, css.indexOf("}", start));
  return new Map([...body.matchAll(/--([\w-]+):\s*([^;]+);/g)].map((m) => [m[1]!, m[2]!]));
}

const themes = {
  light: block(":root"),
  dark: block(':root[data-theme="dark"]'),
};

/** foreground, background, least ratio (WCAG 2.2: 1.4.3 text 4.5, 1.4.11 parts 3). */
const PAIRS: [string, string, number][] = [
  ...["ink", "ink-2", "ink-3", "accent-ink", "ok", "warn", "danger", "info"].flatMap((ink) =>
    ["ground", "surface", "raised"].map((ground): [string, string, number] => [ink, ground, 4.5]),
  ),
  ["ink", "sunken", 4.5],
  ["ink-2", "sunken", 4.5],
  ["ink-3", "sunken", 4.5],
  ["accent-on", "accent", 4.5],
  ["accent-on", "accent-hover", 4.5],
  ["ok-on", "ok", 4.5],
  ["danger-on", "danger", 4.5],
  ...["ok", "warn", "danger", "info"].flatMap((tone): [string, string, number][] => [
    [tone, `${tone}-soft`, 4.5],
    ["ink", `${tone}-soft`, 4.5],
  ]),
  ["ink", "accent-soft", 4.5],
  ["accent-ink", "accent-soft", 4.5],
  ["line-strong", "ground", 3],
  ["line-strong", "surface", 3],
  ["focus", "ground", 3],
  ["focus", "surface", 3],
  ["focus", "map-ground", 3],
  ["map-stage-on", "map-stage", 4.5],
  ["ink", "map-section", 4.5],
  ["ink-2", "map-section", 4.5],
  ["map-held", "map-ground", 3],
  ["map-yours", "map-ground", 3],
  ["map-yours", "map-section", 3],
  ...[1, 2, 3, 4, 5, 6, 7, 8].flatMap((n): [string, string, number][] => [
    [`tier-${n}`, "map-ground", 3],
    [`tier-${n}-on`, `tier-${n}`, 4.5],
  ]),
];

describe.each(Object.entries(themes))("the %s theme", (_name, theme) => {
  it.each(PAIRS)("keeps %s on %s at %d:1", (ink, ground, least) => {
    expect(contrast(theme.get(ink)!, theme.get(ground)!)).toBeGreaterThanOrEqual(least);
  });

  it("orders the price tiers by lightness, so that they read in greyscale", () => {
    const tiers = [1, 2, 3, 4, 5, 6, 7, 8].map((n) => luminance(theme.get(`tier-${n}`)!));
    expect(tiers).toEqual([...tiers].sort((a, b) => b - a));
  });

  it.each(Object.entries(DEFICIENCIES))("keeps any two price tiers apart for eyes with %s", (_eyes, matrix) => {
    const tiers = [1, 2, 3, 4, 5, 6, 7, 8].map((n) => seenAs(theme.get(`tier-${n}`)!, matrix));
    for (const [i, a] of tiers.entries()) {
      for (const b of tiers.slice(i + 1)) expect(distance(a, b)).toBeGreaterThan(0.06);
    }
  });
});

describe("the stylesheet", () => {
  it("says the same dark theme for the system's wish and for the visitor's", () => {
    expect(block('  :root:not([data-theme="light"])')).toEqual(themes.dark);
  });

  it("defines in the dark every colour it defines in the light", () => {
    const colours = [...themes.light].filter(([, value]) => /^(#|rgb)/.test(value)).map(([name]) => name);
    for (const name of colours) expect(themes.dark.has(name), name).toBe(true);
  });

  it("names no colour outside the tokens", () => {
    for (const file of ["base", "layout", "components"]) {
      const text = readFileSync(new URL(`../src/styles/${file}.css`, import.meta.url), "utf8").replace(/@media print[\s\S]*$/, "");
      expect(text.match(/#[0-9a-f]{3,8}\b/gi) ?? []).toEqual([]);
    }
  });
});
