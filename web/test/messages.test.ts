import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const read = (locale: string): Record<string, string> =>
  JSON.parse(readFileSync(new URL(`../messages/${locale}.json`, import.meta.url), "utf8"));

const en = read("en");
const de = read("de");
const holes = (text: string) => [...new Set([...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]))].sort();

describe("the message catalogue", () => {
  it("has every message in both languages", () => {
    expect(Object.keys(de).sort()).toEqual(Object.keys(en).sort());
  });

  it("fills the same holes in both languages", () => {
    for (const key of Object.keys(en)) expect(holes(de[key]!), key).toEqual(holes(en[key]!));
  });

  it("gives every plural its one and its other", () => {
    for (const key of Object.keys(en)) {
      if (key.endsWith(".one")) expect(en, key).toHaveProperty([key.replace(/one$/, "other")]);
      if (key.endsWith(".other") && en[key]!.includes("{n}")) expect(en, key).toHaveProperty([key.replace(/other$/, "one")]);
    }
  });

  it("has no empty text", () => {
    for (const [key, text] of [...Object.entries(en), ...Object.entries(de)]) expect(text.trim(), key).not.toBe("");
  });
});
