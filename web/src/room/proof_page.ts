/** The page that checks a draw: fetches what is published, runs the checks of proof_checks.ts, and says what each came to. */
import "./room.css";
import "./proof.css";

import { flavour } from "../i18n/format";
import { dataBlock, pageWords } from "../i18n/words";
import { note, noted } from "./promise";
import { countOf, inSlices, numbersOf, type Slow } from "./proof";
import {
  checkAll, checkList, checkListed, checkPlace, checkPromise, checkSeed, seedOf, STEPS, verdictOf, type Draw, type Drawn, type Finding, type Proof, type Step,
} from "./proof_checks";

interface Facts {
  room: number;
  /** SHA-256 of the secret, as promised. */
  commitment: string;
  people: number | null;
}

/** The entry to check, if any; *own*: the reader's. */
interface Own {
  index: number | null;
  own: boolean;
}

/** 13 bytes an entry: more than this is asked for first, because somebody may be paying for it. */
const UNASKED_BYTES = 3_000_000;
const ENTRY_BYTES = 13;
/** Shares of the whole work, measured: hashing the list takes nearly all of it. */
const WEIGHTS: Partial<Record<Step | "lots", number>> = { list: 0.9, lots: 0.05, place: 0.01, all: 0.04 };

const facts = dataBlock<Facts>("room");
const own = dataBlock<Own>("own");
const words = pageWords();
const api = `/api/v1/rooms/${facts.room}/draw`;
const clock = flavour(words.locale, navigator.languages);
const one = <E extends Element = HTMLElement>(selector: string) => document.querySelector<E>(selector)!;
const show = (selector: string, shown: boolean) => document.querySelectorAll<HTMLElement>(selector).forEach((each) => (each.hidden = !shown));

async function get(path: string): Promise<Response> {
  const answer = await fetch(api + path, { credentials: "omit" });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer;
}
const json = async <T>(path: string) => (await (await get(path)).json()) as T;
const bytes = async (path: string) => new Uint8Array(await (await get(path)).arrayBuffer());

const findings = new Map<Step, Finding>();
let workedShare = 0;

function mark(step: Step, state: string, text = ""): void {
  const item = one(`[data-step="${step}"]`);
  item.dataset.state = state;
  item.querySelector(".state")!.textContent = words.t(`proof.state.${state}`);
  const result = item.querySelector<HTMLElement>(".result")!;
  result.textContent = text;
  result.hidden = !text;
}

function tell(finding: Finding): void {
  findings.set(finding.step, finding);
  mark(finding.step, finding.outcome, words.t(`proof.${finding.step}.${finding.said}`, { when: whenNoted(), ...finding.holes }));
}

function whenNoted(): string {
  const at = noted(facts.room)?.at;
  return at ? new Intl.DateTimeFormat(clock, { dateStyle: "long", timeStyle: "short" }).format(at) : "";
}

/** What the whole came to so far. */
function conclude(state: string): void {
  const verdict = one("#verdict");
  if (verdict.dataset.state === state) return;
  verdict.dataset.state = state;
  one("#verdict-head").textContent = words.t(`proof.verdict.${state}`);
  one("#verdict-text").textContent = words.t(`proof.verdict.${state}.lead`);
  show("progress", state === "busy");
  show("#again", state === "open");
  show("#everybody", state === "part");
}

/** Run one long step, which is *weight* of the whole, without stopping the page. */
async function work<T>(name: keyof typeof WEIGHTS, slow: Slow<T>): Promise<T> {
  const weight = WEIGHTS[name] ?? 0;
  const bar = one<HTMLProgressElement>("progress");
  const found = await inSlices(slow, (share) => (bar.value = workedShare + weight * share));
  workedShare += weight;
  return found;
}

/** What a step that cannot even be read comes to: whoever publishes nonsense has proved nothing. */
function orBad(step: Step, check: () => Finding): Finding {
  try {
    return check();
  } catch {
    return { step, outcome: "bad", said: "bad", holes: { index: own.index ?? 0, steps: 0 } };
  }
}

async function check(everybody: boolean): Promise<void> {
  workedShare = 0;
  for (const step of STEPS) if (!findings.has(step)) mark(step, "busy");
  conclude("busy");
  const draw = await json<Draw>("");
  const { drawn } = draw;
  if (!drawn) throw new Error("not drawn");
  tell(orBad("promise", () => checkPromise(draw, drawn, noted(facts.room))));
  tell(orBad("seed", () => checkSeed(drawn)));
  const index = own.index !== null && own.index < drawn.people ? own.index : null;
  if (index === null) {
    for (const step of ["listed", "place"] as const) tell({ step, outcome: "none", said: own.index === null ? "none" : "late" });
  } else {
    const proof = await json<Proof>(`/proof?index=${index}`);
    tell(orBad("listed", () => checkListed(drawn, proof, index)));
  }
  if (everybody || drawn.people * ENTRY_BYTES <= UNASKED_BYTES) await checkEverybody(draw, drawn, index);
}

async function checkEverybody(draw: Draw, drawn: Drawn, index: number | null): Promise<void> {
  const [list, places] = await Promise.all([bytes("/list"), bytes("/places")]);
  tell(await work("list", checkList(drawn, list)));
  if (countOf(list) !== drawn.people) return; // nothing follows from such a list
  const numbers = await work("lots", numbersOf(seedOf(drawn), draw.room, drawn.people));
  if (index !== null) tell(await work("place", checkPlace(list, numbers, places, index)));
  tell(await work("all", checkAll(list, numbers, places)));
}

async function run(everybody: boolean): Promise<void> {
  let whole = true;
  try {
    await check(everybody);
  } catch {
    whole = false; // a file that did not come: nothing is proved, and nothing disproved
  }
  for (const step of STEPS) if (!findings.has(step)) mark(step, "open");
  const verdict = verdictOf([...findings.values()]);
  conclude(verdict === "open" && whole ? "part" : verdict);
}

if (facts.people === null) {
  note(facts.room, facts.commitment);
  const same = noted(facts.room)?.commitment === facts.commitment;
  show("#noted", same && noted(facts.room) !== null);
  show("#other", !same && noted(facts.room) !== null);
  one("#other").textContent = words.t("proof.differs", { when: whenNoted() });
} else {
  show("#checks", true);
  if (own.index !== null && !own.own) {
    for (const step of ["listed", "place"]) one(`[data-step="${step}"] h2`).textContent = words.t(`proof.${step}.asked`, { index: own.index });
  }
  one("#again").addEventListener("click", () => void run(false));
  one("#everybody").addEventListener("click", () => void run(true));
  void run(false);
}
for (const time of document.querySelectorAll<HTMLElement>("time[data-time]")) {
  time.textContent = new Intl.DateTimeFormat(clock, { dateStyle: "long", timeStyle: "short" }).format(Number(time.dataset.time));
}
