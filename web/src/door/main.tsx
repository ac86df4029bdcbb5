// The door: choose a post, then scan.

import "./door.css";
import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { dataBlock, pageWords } from "../i18n/words";
import { httpApi, type DoorShow } from "./api";
import { follow } from "./counters";
import { Device } from "./device";
import { signalVerdict, wake } from "./feedback";
import { Gatehouse, type Post } from "./gatehouse";
import { KeyRing } from "./keys";
import { PostForm } from "./post_form";
import { ScanView } from "./scan_view";
import { colourOf } from "./verdict";

const POST = "frontrow.door.post";
const words = pageWords();
const { muted } = dataBlock<{ muted: boolean }>("door");
const clock = new Intl.DateTimeFormat(words.locale, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const numbers = new Intl.NumberFormat(words.locale);

let post: Post | null = remembered();
const keys = new KeyRing();
const house = new Gatehouse(httpApi, new Device(localStorage), () => post!, (code) => keys.genuine(code));
house.onVerdict = (verdict) => signalVerdict(colourOf(verdict), muted);

function Door() {
  const [shows, setShows] = useState<DoorShow[] | null | "trouble">(null);
  const [chosen, setChosen] = useState<Post | null>(null);
  const { t } = words;

  async function load(): Promise<void> {
    const reply = await httpApi.shows();
    setShows("value" in reply ? reply.value : "trouble");
  }
  useEffect(() => void load(), []);

  function begin(ready: Post): void {
    post = ready;
    localStorage.setItem(POST, JSON.stringify(ready));
    const show = Array.isArray(shows) ? shows.find((one) => one.id === ready.show) : undefined;
    if (show) void keys.learn(show.event);
    follow(ready.show);
    wake();
    void keepAwake();
    setChosen(ready);
  }

  if (shows === null) return <div class="door__setup stack" aria-busy="true"><div class="skeleton skeleton--text" /><div class="skeleton" /><div class="skeleton" /></div>;
  if (shows === "trouble") {
    return (
      <div class="empty">
        <p>{t("door.silent")}</p>
        <button type="button" class="btn btn--primary" onClick={() => void load()}>{t("common.retry")}</button>
      </div>
    );
  }
  if (!chosen) return <PostForm shows={shows} chosen={post} words={words} api={httpApi} day={day} onReady={begin} onGate={load} />;
  return (
    <ScanView
      house={house}
      post={chosen}
      shows={shows}
      api={httpApi}
      words={words}
      time={(unixMs) => clock.format(unixMs)}
      number={(n) => numbers.format(n)}
      onChange={() => setChosen(null)}
    />
  );
}

/** The show's day and time where it takes place. */
function day(show: DoorShow): string {
  return new Intl.DateTimeFormat(words.locale, { weekday: "short", day: "numeric", month: "short", hour: "numeric", minute: "2-digit", timeZone: show.time_zone }).format(show.starts_ms);
}

function remembered(): Post | null {
  try {
    return JSON.parse(localStorage.getItem(POST) ?? "null") as Post | null;
  } catch {
    return null;
  }
}

/** Keep the screen on while somebody works here; phones that cannot simply dim. */
async function keepAwake(): Promise<void> {
  const lock = () => navigator.wakeLock?.request("screen").catch(() => null);
  await lock();
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && void lock());
}

render(<Door />, document.getElementById("app")!);
