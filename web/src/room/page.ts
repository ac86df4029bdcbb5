/** The room page: what is known, what was heard, what is shown. The only file that knows the document, the clock and the network. */
import "./room.css";

import { flavour } from "../i18n/format";
import { dataBlock, pageWords } from "../i18n/words";
import { allowRinging, ring } from "./bell";
import { deedsOf, type Answer } from "./deeds";
import { eta } from "./eta";
import type { Mine, Own, RoomFacts } from "./facts";
import { newer, whole, type LineFrame } from "./frame";
import { compete, keep, kept } from "./leader";
import { lineSource, type Waiting } from "./line_source";
import { liveUrl } from "../live/socket";
import { paceOf } from "./pace";
import { note } from "./promise";
import { fillings, moment, placeOf, shows, spoken, stage, tabTitle, teller, type State } from "./telling";
import type { Stage } from "./stage";

const SPEAK_MS = 30_000;
const LOST_MS = 20_000;
/** After a draw everybody asks for their place: so many a second are answered easily. */
const ASKS_PER_S = 4_000;

const facts = dataBlock<RoomFacts>("room");
const given = dataBlock<Own>("own");
const api = `/api/v1/rooms/${facts.room}`;
const words = pageWords();
const deeds = deedsOf(api, facts, performance.now());
const tell = teller();
const byId = (id: string) => document.getElementById(id)!;
const all = <E extends HTMLElement = HTMLElement>(selector: string) => [...document.querySelectorAll<E>(selector)];
const conditional = all("[data-if]");
const filled = all("[data-b]");
const rungKey = `fr-rung-${facts.room}`;

let clockAhead = given.now_ms - Date.now();
let heardAt = Date.now();
let saidAt = 0;
let said = "";
let last: Stage | null = null;
let asking = 0;

const state: State = {
  facts,
  frame: given.frame && whole(given.frame),
  mine: given.mine && ({ position: null, claim_until_ms: null, ...given.mine } as Mine),
  nowMs: given.now_ms,
  clock: flavour(words.locale, navigator.languages),
  busy: null,
  refused: null,
  coded: false,
  full: false,
  lost: false,
  ringing: false,
};

const source = lineSource(
  { room: facts.room, liveUrl: liveUrl(facts.live_url, location), api },
  () => {
    const position = state.mine?.position ?? null;
    return { ...paceOf(state.frame, state.frame && eta(state.frame, position)), position };
  },
  { frame: hear, own: hearOwn },
  {
    socket: (url) => new WebSocket(url),
    events: (url) => new EventSource(url),
    ask: async (url) => {
      const answer = await fetch(url, { credentials: "omit" });
      if (!answer.ok) throw new Error(String(answer.status));
      return (await answer.json()) as LineFrame;
    },
    now: () => Date.now(),
    random: () => Math.random(),
    later: (ms, then) => window.setTimeout(then, ms),
    cancel: (timer) => window.clearTimeout(timer),
    hidden: () => document.hidden,
  },
);

const tellTabs = compete(
  `fr-room-${facts.room}`,
  (leads) => (leads ? source.start() : source.stop()),
  (message) => {
    const { frame, mine } = message as { frame?: LineFrame; mine?: Mine | null };
    if (frame) hear(frame, false);
    if (mine !== undefined) own(mine, false);
  },
);

function hear(frame: LineFrame, first = true): void {
  heardAt = Date.now();
  if (!newer(frame, state.frame)) return;
  if (state.frame && frame.epoch !== state.frame.epoch) void ask();
  state.frame = frame;
  // The earliest arrival is the truest: a frame that took long must not turn the clock back.
  const ahead = frame.now_ms - Date.now();
  clockAhead = Math.abs(ahead - clockAhead) > 5_000 ? ahead : Math.max(clockAhead, ahead);
  if (first) tellTabs({ frame });
  show();
}

/** The gateway says where we stand (null: it is our turn). */
function hearOwn(waiting: Waiting | null): void {
  heardAt = Date.now();
  if (waiting && state.mine && waiting.index === state.mine.index && state.mine.position === null) state.mine.position = waiting.position;
  if (!waiting || waiting.called) void ask();
  show();
}

function own(mine: Mine | null, first = true): void {
  state.mine = mine;
  if (mine?.state !== "called") state.full = false;
  if (first) tellTabs({ mine });
  show();
}

/** Ask what became of our place, soon, but not everybody in the same second. */
function ask(spreadMs = 0): void {
  if (asking) return;
  asking = window.setTimeout(async () => {
    const answer = await deeds.mine();
    asking = 0;
    if ("done" in answer) own(answer.done);
    else if (answer.code === "place_unknown" || answer.code === "place_missing") own(null);
    else ask(Math.max(4_000, answer.retryMs));
  }, Math.random() * spreadMs);
}

/** What the stage asks for: our place after the draw, the end of our window, what became of it when it ended. */
function follow(now: Stage): void {
  const { frame, mine } = state;
  if (!mine || !frame) return;
  if (now === "drawing" && frame.phase !== "drawing") ask(Math.min(15_000, (frame.lobby / ASKS_PER_S) * 1_000) + 250);
  else if (now === "called" && (mine.claim_until_ms === null || mine.claim_until_ms < state.nowMs)) ask(1_500);
  else if (mine.state === "claimed" && now !== "claimed" && now !== "closed" && (mine.visit_until_ms ?? 0) > 0) ask(1_500);
  else if (mine.review === "open") ask(20_000); // nothing else tells of the verdict
  else if (now === "claimed" && !document.hidden) ask(8_000); // nor of a purchase, which ends the visit
}

/** Our turn: the one message that must not wait. */
function callBack(): void {
  const turn = `${state.frame?.epoch} ${state.mine?.position}`;
  if (kept(rungKey) !== turn) {
    keep(rungKey, turn);
    const until = state.mine?.claim_until_ms;
    ring(words.t("called"), until ? words.t("near.notice", { time: moment(state.clock, until) }) : facts.title);
  }
  if (last) byId("alarm").textContent = words.t("called");
}

function show(): void {
  state.nowMs = Date.now() + clockAhead;
  state.lost = Date.now() - heardAt > LOST_MS && !document.hidden;
  const now = stage(state);
  const texts = fillings(state, words, tell);
  const on = shows(state, texts);
  const focused = document.activeElement;
  for (const element of conditional) element.hidden = !element.dataset.if!.split(" ").some((name) => on.has(name));
  for (const element of filled) {
    const text = texts[element.dataset.b!] ?? "";
    if (element.textContent !== text) element.textContent = text;
    element.hidden = !text;
  }
  for (const button of all("form[data-do] button")) {
    if (button.closest("form")!.dataset.do === state.busy) button.setAttribute("aria-busy", "true");
    else button.removeAttribute("aria-busy");
  }
  const heading = document.querySelector("h1")!;
  // What had the focus went away with its stage: the new heading is where reading goes on.
  if (now !== last && last && focused?.closest("[hidden]")) heading.focus({ preventScroll: true });
  const share = now === "waiting" ? (placeOf(state.frame, state.mine)?.share ?? 0) : 1;
  byId("me").style.transform = `translate(120px, ${now === "waiting" ? 121 - 92 * share : 12}px)`;
  if (state.mine?.go) (byId("go") as HTMLAnchorElement).href = state.mine.go;
  const head = heading.querySelector("span:not([hidden])")!.textContent!;
  const title = tabTitle(state, words, head, texts);
  if (document.title !== title) document.title = title;
  if (now !== last && now === "called") callBack();
  last = now;
  follow(now);
  speak(spoken(words, head, texts));
}

/** Tell screen readers, politely: what changed, at most every 30 seconds. */
function speak(text: string): void {
  const stamp = Date.now();
  if (text === said || stamp - saidAt < SPEAK_MS) return;
  // The page itself was just read; only news is spoken.
  if (saidAt) byId("say").textContent = text;
  said = text;
  saidAt = stamp;
}

async function carry<T>(name: string, deed: () => Promise<Answer<T>>): Promise<T | null> {
  if (state.busy) return null;
  Object.assign(state, { busy: name, refused: null });
  show();
  const answer = await deed();
  state.busy = null;
  if ("code" in answer) state.refused = answer.code;
  show();
  return "done" in answer ? answer.done : null;
}

const HANDLED: Record<string, (form: HTMLFormElement) => unknown> = {
  async join(form) {
    const typed = new FormData(form);
    const text = (name: string) => String(typed.get(name) ?? "");
    const email_code = state.coded ? text("email_code") : "";
    const straight = stage(state) === "straight_in";
    const answer = await carry("join", () =>
      deeds.join({ email: text("email"), email_code, access_code: text("access_code"), subject: text("subject"), again: text("again") }),
    );
    if (!answer) return;
    if ("needs" in answer) {
      state.coded = true;
      show();
      form.querySelector<HTMLInputElement>("[name=email_code]")?.focus();
      return;
    }
    state.coded = false;
    own(answer);
    if (straight && stage(state) === "called") await claim();
  },
  claim,
  async leave() {
    if (await carry("leave", () => deeds.leave())) own(state.mine && { ...state.mine, state: "left" });
  },
  async notify(form) {
    const email = String(new FormData(form).get("email"));
    if ((await carry("notify", () => deeds.notify(email))) && state.mine) own({ ...state.mine, notify: true });
  },
  async contest(form) {
    const text = String(new FormData(form).get("text"));
    if ((await carry("contest", () => deeds.contest(text))) && state.mine) own({ ...state.mine, review: "open" });
  },
};

async function claim(): Promise<void> {
  const answer = await carry("claim", () => deeds.claim());
  if (answer) {
    location.assign(answer.go);
    return;
  }
  const code = state.refused ?? "";
  if (/^(visits_|room_paused|not_called)/.test(code)) {
    // We are next: whoever pressed once need not press again.
    Object.assign(state, { refused: null, full: code !== "not_called" });
    show();
    window.setTimeout(() => stage(state) === "called" && claim(), 1_500 + 1_500 * Math.random());
  } else ask();
}

addEventListener("submit", (event) => {
  const form = event.target as HTMLFormElement;
  const deed = HANDLED[form.dataset.do ?? ""];
  if (!deed) return;
  event.preventDefault();
  void deed(form);
});
document.querySelector("[data-do=ring]")!.addEventListener("click", async () => {
  await allowRinging();
  state.ringing = true;
  show();
});
document.addEventListener("visibilitychange", () => {
  heardAt = Date.now();
  source.wake();
  show();
});
addEventListener("online", () => source.wake());
addEventListener("pageshow", (event) => event.persisted && (ask(), source.wake()));

// What is promised of the draw is noted while nobody can know how it ends.
if (given.frame?.phase === "lobby") note(facts.room, facts.promise);
// Times of day as the viewer's clock shows them.
for (const time of all("time[data-time]")) time.textContent = moment(state.clock, Number(time.dataset.time));
for (const day of all("time[data-day]")) {
  day.textContent = new Intl.DateTimeFormat(state.clock, { weekday: "long", day: "numeric", month: "long" }).format(Number(day.dataset.day));
}
setInterval(show, 1_000);
show();
