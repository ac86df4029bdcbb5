// Hardware scanners type fast; people do not.

import { describe, expect, it } from "vitest";
import { Wedge } from "../../src/door/wedge";

function type(wedge: Wedge, text: string, everyMs: number, fromMs = 0): (string | null)[] {
  return [...[...text], "Enter"].map((key, place) => wedge.press(key, fromMs + place * everyMs));
}

describe("a keyboard wedge", () => {
  it("gives the code with its Enter", () => {
    expect(type(new Wedge(), "T1.CAAAAAAAA", 5).at(-1)).toBe("T1.CAAAAAAAA");
  });

  it("may press Shift between the letters", () => {
    const wedge = new Wedge();
    ["T", "Shift", "1", ".", "Shift", "C", "A", "A", "A", "A", "A"].forEach((key, place) => wedge.press(key, place * 10));
    expect(wedge.press("Enter", 110)).toBe("T1.CAAAAA");
  });

  it("forgets what somebody typed before the burst", () => {
    const wedge = new Wedge();
    type(wedge, "abc", 200);
    wedge.press("x", 5000);
    expect(type(wedge, "T1.CAAAAAAAA", 10, 6000).at(-1)).toBe("T1.CAAAAAAAA");
  });

  it("may stumble in the middle of a ticket code", () => {
    const wedge = new Wedge();
    [..."T1.CAAAA"].forEach((key, place) => wedge.press(key, place * 10));
    [..."BBBBBBBB"].forEach((key, place) => wedge.press(key, 700 + place * 10));
    expect(wedge.press("Enter", 800)).toBe("T1.CAAAABBBBBBBB");
  });

  it("is not a person, however long the word", () => {
    expect(type(new Wedge(), "Donaudampfschiff", 110).at(-1)).toBeNull();
  });

  it("is not a short burst, such as two keys hit at once", () => {
    expect(type(new Wedge(), "ok", 10).at(-1)).toBeNull();
  });

  it("reads one code after the other", () => {
    const wedge = new Wedge();
    expect(type(wedge, "T1.AAAAAAAA", 10, 0).at(-1)).toBe("T1.AAAAAAAA");
    expect(type(wedge, "T1.BBBBBBBB", 10, 500).at(-1)).toBe("T1.BBBBBBBB");
  });
});
