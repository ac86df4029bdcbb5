import { describe, expect, it } from "vitest";
import { viewerTime } from "../../src/events/viewer_time";

describe("the viewer's own time", () => {
  it("says nothing to somebody who lives by the venue's clock", () => {
    expect(viewerTime("2026-12-04T19:30:00+01:00", "en-GB", "Europe/Berlin")).toBe("");
    expect(viewerTime("2026-12-04T19:30:00+01:00", "en-GB", "Europe/Paris")).toBe("");
    expect(viewerTime("2026-07-04T19:30:00+02:00", "en-GB", "Europe/Paris")).toBe("");
  });

  it("gives the time elsewhere, with its zone, and the day when it is another one", () => {
    expect(viewerTime("2026-12-04T19:30:00+01:00", "en-GB", "Europe/London")).toBe("18:30 GMT");
    expect(viewerTime("2026-12-04T19:30:00+01:00", "en-GB", "Asia/Tokyo")).toMatch(/^Sat.*03:30.*GMT\+9$/);
  });

  it("keeps quiet about what it cannot read", () => {
    expect(viewerTime("soon", "en", "Europe/London")).toBe("");
  });
});
