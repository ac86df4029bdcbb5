/**
 * The desk: everything the seat page knows and can do, as signals and verbs. Components read signals and call verbs;
 * they never talk to the socket or the map themselves.
 */

import { batch, computed, signal } from "@preact/signals";
import type { Formats } from "../i18n/format";
import type { Words } from "../i18n/words";
import { CorruptFrame, decodeFrame, decodeSnapshot } from "../map/frames";
import type { Chart } from "../map/chart";
import { seatLabel } from "../map/chart";
import { applyAreas, applyDelta, applyRanges, applySnapshot, setFilter, setPrices, showOwn } from "../map/mutations";
import type { Filter, MapState } from "../map/state";
import { categoryFits, createState, fittingPlaces, isFiltered, KEPT, NO_FILTER, Seat } from "../map/state";
import type { Held, Hold, HoldView, Offer, Refused, Released, ServerMessage } from "../live/messages";
import type { Basket, Command } from "../live/reconcile";
import { answered, asked, EMPTY, isAsked, isHeld, own, places, pushed, rejoined } from "../live/reconcile";
import type { Status } from "../live/socket";
import { LiveSocket, liveUrl } from "../live/socket";
import type { Phase, ShowFacts } from "./facts";
import { withFees } from "./facts";

const LEAVE_SPREAD_MS = 2_000;

export interface Conflict {
  code: string;
  seats: number[];
  offers: Offer[];
}

/** A place kept for people who need it, asked for by somebody who has not said so; *offers* are near and kept for nobody. */
export interface Kept {
  command: Hold;
  offers: Offer[];
}

export interface Notice {
  id: number;
  text: string;
  tone: "info" | "warn" | "error";
}

export class Desk {
  readonly state: MapState;
  readonly basket = signal<Basket>(EMPTY);
  readonly status = signal<Status>("connecting");
  readonly phase = signal<Phase>("open");
  readonly opensAt = signal<number | null>(null);
  readonly filter = signal<Filter>(NO_FILTER);
  readonly conflict = signal<Conflict | null>(null);
  readonly kept = signal<Kept | null>(null);
  /** The buyer said that they need a wheelchair space. */
  readonly need = signal(false);
  readonly lapsed = signal<HoldView | null>(null);
  readonly notices = signal<Notice[]>([]);
  readonly spoken = signal("");
  /** Grows with the figures at most four times a second: lists and legends read it. */
  readonly tick = signal(0);
  readonly now = signal(Date.now());
  readonly type = signal(0);
  readonly ready = signal(false);
  /** Whoever looks at wheelchair spaces alone means one too. */
  readonly needs = computed(() => this.need.value || this.filter.value.accessible);
  readonly hold = computed(() => this.basket.value.hold);
  readonly busy = computed(() => this.basket.value.pending.length > 0);
  readonly free = computed(() => {
    this.tick.value;
    let count = 0;
    for (const [c, free] of this.state.freeIn.entries()) if (this.state.prices[c]?.length) count += free;
    for (const left of this.state.remaining) count += left;
    return count;
  });

  private readonly typeIds: number[];
  private readonly socket: LiveSocket;
  private readonly changes = new Set<(colours: boolean) => void>();
  private ticking = 0;
  private commands = 0;
  private noticeIds = 0;
  /** Holding needs the pass of a waiting room. */
  private behindLine = false;
  private leaving = 0;

  constructor(
    readonly facts: ShowFacts,
    readonly chart: Chart,
    readonly words: Words,
    readonly formats: Formats,
  ) {
    this.state = createState(chart);
    this.typeIds = facts.types.map((type) => type.id);
    for (const { category, name } of facts.categories) if (chart.categories[category]) chart.categories[category]!.name = name;
    setPrices(this.state, facts.prices, this.typeIds);
    this.phase.value = facts.phase;
    this.opensAt.value = facts.opens_at_ms;
    this.type.value = facts.types.find((type) => facts.prices.some(([, id]) => id === type.id))?.id ?? 0;
    this.socket = new LiveSocket(liveUrl(facts.live_url, location), facts.show, () => this.state.position, {
      message: (message) => this.heard(message),
      frame: (bytes) => this.frame(bytes),
      status: (status) => {
        this.status.value = status;
        if (status === "live") this.sendAgain();
      },
      resync: () => void this.refresh(),
      prove: (show, nonce) => import("../live/proof").then(({ proveHolder }) => proveHolder(show, nonce)),
    });
  }

  // ————— start and state

  open(): void {
    this.socket.start();
    setInterval(() => (this.now.value = Date.now()), 500);
    addEventListener("online", () => this.socket.wake());
    addEventListener("pageshow", (event) => event.persisted && this.socket.wake());
    document.addEventListener("visibilitychange", () => !document.hidden && this.socket.wake());
  }

  /** Call *then* when seats changed (true: colours, prices or filter too). */
  onChange(then: (colours: boolean) => void): () => void {
    this.changes.add(then);
    return () => this.changes.delete(then);
  }

  load(snapshot: ArrayBuffer): void {
    applySnapshot(this.state, decodeSnapshot(snapshot), own(this.basket.value));
    this.ready.value = true;
    this.changed(false);
    this.socket.joinFrom();
  }

  /** Fetch the state anew, for as long as it takes. */
  async refresh(): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        const response = await fetch(this.facts.state_url, { cache: "no-cache" });
        if (!response.ok) throw new Error(String(response.status));
        this.load(await response.arrayBuffer());
        return;
      } catch {
        await new Promise((done) => setTimeout(done, Math.min(10_000, 500 * 2 ** attempt) * (0.5 + Math.random())));
      }
    }
  }

  private frame(bytes: ArrayBuffer): void {
    const mine = own(this.basket.value);
    try {
      const frame = decodeFrame(bytes);
      if ("states" in frame) applySnapshot(this.state, frame, mine);
      else if (frame.kind === "ranges") applyRanges(this.state, frame, mine);
      else if (applyDelta(this.state, frame, mine) === "gap") this.socket.repair();
    } catch (error) {
      if (!(error instanceof CorruptFrame)) throw error;
      void this.refresh();
    }
    this.changed(false);
  }

  private changed(colours: boolean): void {
    for (const then of this.changes) then(colours);
    if (!this.ticking) {
      this.ticking = window.setTimeout(() => {
        this.ticking = 0;
        this.tick.value++;
      }, 250);
    }
  }

  private heard(message: ServerMessage): void {
    switch (message.t) {
      case "joined":
        this.phase.value = message.phase;
        this.behindLine = message.challenge !== null;
        this.setBasket(rejoined(this.basket.value, message.hold));
        break;
      case "held":
      case "released":
      case "refused":
        this.answer(message);
        break;
      case "hold": {
        const before = this.hold.value;
        this.setBasket(pushed(this.basket.value, message));
        if (message.cause === "lapsed" && before && !message.hold) {
          this.lapsed.value = before;
          this.say(this.words.t("hold.lapsed_title"));
        } else if (message.cause === "sold") this.notify(this.words.t("hold.sold"), "info");
        break;
      }
      case "areas":
        if (applyAreas(this.state, message, message.areas)) this.changed(true);
        break;
      case "sale":
        this.phase.value = message.phase;
        this.opensAt.value = message.opens_at_ms;
        if (message.pass_required && !this.behindLine) this.toTheLine();
        this.behindLine = message.pass_required;
        break;
      case "prices":
        setPrices(this.state, message.prices, this.typeIds);
        this.changed(true);
        break;
      default:
        break;
    }
  }

  /** A room stands before the seats now: who holds nothing is led to its line, not everybody in the same second. */
  private toTheLine(): void {
    if (this.hold.value) this.notify(this.words.t("sale.line_began"), "info");
    else if (!this.leaving) this.leaving = window.setTimeout(() => location.reload(), LEAVE_SPREAD_MS * Math.random());
  }

  private answer(message: Held | Released | Refused): void {
    const command = this.basket.value.pending.find((one) => one.id === message.id);
    this.setBasket(answered(this.basket.value, message));
    if (message.t === "refused") {
      if (message.code === "pass_required" && !this.hold.value) this.toTheLine();
      if (message.code === "seat_reserved_accessible" && command?.t === "hold" && !command.accessible) {
        this.kept.value = { command, offers: message.offers };
        return;
      }
      if (message.code === "seat_taken" || message.code === "no_seats_together" || message.code === "stranded_single" || message.offers.length) {
        this.conflict.value = { code: message.code, seats: message.seats, offers: message.offers };
      } else this.notify(this.refusalText(message), "warn");
      return;
    }
    if (message.t === "held" && command?.t === "best") this.found.value = message.hold.seats.map((seat) => seat.k);
    if (message.hold) this.say(this.words.t("hold.spoken", { n: places(this.basket.value), total: this.formats.money(this.total(message.hold)) }));
  }

  /** Seats that "best available" just found: the map goes there. */
  readonly found = signal<number[]>([]);

  private setBasket(basket: Basket): void {
    const before = own(this.basket.value);
    this.basket.value = basket;
    showOwn(this.state, before, own(basket));
    this.changed(false);
  }

  // ————— verbs

  private command(command: Command): void {
    this.setBasket(asked(this.basket.value, command));
    this.socket.send(command);
  }

  private sendAgain(): void {
    for (const command of this.basket.value.pending) this.socket.send(command);
  }

  private id(): string {
    return `${Date.now().toString(36)}-${(this.commands++).toString(36)}-${Math.random().toString(36).slice(2, 8)}`;
  }

  /** Take a seat, or give it back when it is ours. */
  toggle(k: number): void {
    const basket = this.basket.value;
    if (isAsked(basket, k)) return;
    if (isHeld(basket, k)) {
      this.command({ t: "release", id: this.id(), seats: [k] });
      return;
    }
    const reason = this.whyNot(k);
    if (reason) {
      this.notify(reason, "info");
      return;
    }
    this.command(this.holding([[k, this.typeFor(k)]]));
  }

  /** Why a seat can not be taken now, in words; null when it can. */
  whyNot(k: number): string | null {
    const { t } = this.words;
    if (this.phase.value !== "open") return t(`sale.${this.phase.value}`);
    if (this.status.value === "offline") return t("live.offline_title");
    const truth = this.state.truth[k]!;
    if (truth !== Seat.free) return t(truth === Seat.held ? "map.state_held_long" : truth === Seat.sold ? "map.state_sold_long" : "map.state_off_long");
    if (places(this.basket.value) >= this.facts.limit) return t("refusal.too_many_seats", { n: this.facts.limit });
    return null;
  }

  /** The ticket type chosen in the form when this seat is sold as it, else the first it is sold as. */
  typeFor(k: number): number {
    const sold = this.state.prices[this.chart.category[k]!] ?? [];
    return (sold.find((price) => price.type === this.type.value) ?? sold[0])?.type ?? this.type.value;
  }

  /** Places kept for people who need them are asked for as such by who said so, and by who has one already. */
  private holding(seats: [number, number][]): Hold {
    const has = this.hold.value?.seats.some(({ k }) => this.chart.attributes[k]! & KEPT);
    const accessible = this.needs.value || has;
    return { t: "hold", id: this.id(), seats, ...(accessible ? { accessible: true } : {}) };
  }

  /** They do need the place: ask again, and do not ask them twice. */
  needIt(): void {
    const kept = this.kept.value;
    this.kept.value = null;
    this.need.value = true;
    if (kept) this.command({ ...kept.command, id: this.id(), accessible: true });
  }

  retype(k: number, type: number): void {
    this.command(this.holding([[k, type]]));
  }

  take(offer: Offer): void {
    this.conflict.value = this.kept.value = null;
    this.command(this.holding(offer.seats));
    this.found.value = offer.seats.map(([k]) => k);
  }

  /** Find the best of what the filter lets through, with a wheelchair space among it for those who need one. */
  best(party: number): void {
    const { categories, amountMax } = this.filter.value;
    const chosen = categories || amountMax !== null ? this.chart.categories.map((_, c) => c).filter((c) => categoryFits(this.state, c)) : null;
    this.command({ t: "best", id: this.id(), types: [[this.type.value, party]], categories: chosen, accessible: this.needs.value ? 1 : 0 });
  }

  takeArea(area: number, quantities: ReadonlyMap<number, number>): void {
    const areas = [...quantities].filter(([, n]) => n > 0).map(([type, n]): [number, number, number] => [area, type, n]);
    if (areas.length) this.command({ t: "hold", id: this.id(), areas });
  }

  dropArea(area: number, type: number, qty: number): void {
    this.command({ t: "release", id: this.id(), areas: [[area, type, qty]] });
  }

  dropSeat(k: number): void {
    this.command({ t: "release", id: this.id(), seats: [k] });
  }

  dropAll(): void {
    this.command({ t: "release", id: this.id(), all: true });
  }

  /** Ask again for what lapsed; whatever is gone comes back as a conflict with equivalents. */
  holdAgain(hold: HoldView): void {
    this.lapsed.value = null;
    this.command({
      ...this.holding(hold.seats.map((seat) => [seat.k, seat.type])),
      accessible: this.needs.value || hold.seats.some(({ k }) => this.chart.attributes[k]! & KEPT),
      areas: hold.areas.map((area) => [area.a, area.type, area.qty]),
    });
  }

  extend(): void {
    this.command({ t: "extend", id: this.id() });
  }

  narrow(filter: Filter): void {
    batch(() => {
      this.filter.value = filter;
      setFilter(this.state, filter);
      this.changed(true);
      this.say(isFiltered(this.state) ? this.words.t("legend.fit", { n: fittingPlaces(this.state) }) : this.words.t("legend.all_shown"));
    });
  }

  /** They need a wheelchair space, or do not: then spaces alone are not what they look for either. */
  setNeed(need: boolean): void {
    this.need.value = need;
    if (!need && this.filter.value.accessible) this.narrow({ ...this.filter.value, accessible: false });
  }

  // ————— words and sums

  /** Milliseconds a hold still has, by the server's clock. */
  left(hold: HoldView): number {
    return hold.expires_at_ms - (this.now.value + this.socket.clockAhead);
  }

  /** When the hold ends on the buyer's own clock. */
  endsAt(hold: HoldView): number {
    return hold.expires_at_ms - this.socket.clockAhead;
  }

  price(amount: number): number {
    return withFees(this.facts.fees, amount);
  }

  total(hold: HoldView): number {
    const seats = hold.seats.reduce((sum, seat) => sum + this.price(seat.amount), 0);
    return hold.areas.reduce((sum, area) => sum + area.qty * this.price(area.amount), seats);
  }

  typeName(type: number): string {
    return this.facts.types.find((one) => one.id === type)?.name ?? "";
  }

  /** "Stalls, row C, seat 12". */
  seatName(k: number): string {
    const { t } = this.words;
    const section = this.chart.sections[this.chart.section[k]!]?.name ?? "";
    const row = this.chart.rows[this.chart.row[k]!]?.label ?? "";
    const seat = seatLabel(this.chart, k);
    return row ? t("seat.name", { section, row, seat }) : t("seat.name_no_row", { section, seat });
  }

  private refusalText(message: Refused): string {
    const key = `refusal.${message.code}`;
    return this.words.has(key) || this.words.has(`${key}.other`) ? this.words.t(key, { n: this.facts.limit }) : this.words.t("refusal.other_reason");
  }

  notify(text: string, tone: Notice["tone"]): void {
    const id = this.noticeIds++;
    this.notices.value = [...this.notices.value.filter((notice) => notice.text !== text).slice(-2), { id, text, tone }];
    this.say(text);
    setTimeout(() => (this.notices.value = this.notices.value.filter((notice) => notice.id !== id)), 6000);
  }

  /** Tell those who listen. Only what concerns this buyer: never other people's seats. */
  say(text: string): void {
    this.spoken.value = this.spoken.value === text ? `${text}\u00a0` : text;
  }
}
