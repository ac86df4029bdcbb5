import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

type Message = string | { one: string; other: string };
const read = (locale: string): Record<string, Message> =>
  JSON.parse(readFileSync(new URL(`../messages/${locale}.json`, import.meta.url), "utf8"));

const en = read("en");
const de = read("de");
const holes = (message: Message) => {
  const text = typeof message === "string" ? message : `${message.one} ${message.other}`;
  return [...new Set([...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]))].sort();
};

describe("the message catalogue", () => {
  it("has every message in both languages", () => {
    expect(Object.keys(de).sort()).toEqual(Object.keys(en).sort());
  });

  it.each(Object.keys(en))("fills the same holes for %s in both languages", (key) => {
    expect(holes(de[key]!)).toEqual(holes(en[key]!));
    expect(typeof de[key]).toBe(typeof en[key]);
  });

  it("gives one and other, and nothing else, to each plural", () => {
    for (const message of [...Object.values(en), ...Object.values(de)]) {
      if (typeof message !== "string") expect(Object.keys(message).sort()).toEqual(["one", "other"]);
    }
  });
});
