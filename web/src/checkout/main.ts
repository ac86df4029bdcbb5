/** Checkout, payment and the wait for the bank. Plain DOM: the pages come from the server and work without most of this. */

import "./checkout.css";
import { countdown } from "../i18n/format";
import type { Words } from "../i18n/words";
import { dataBlock, pageWords } from "../i18n/words";
import type { HoldView } from "../live/messages";
import type { CardForm } from "./card_form";
import { DemoCard } from "./demo_card";
import type { CheckoutFacts, Order, Payment } from "./facts";
import { clear, mark } from "./fields";
import type { PageKind } from "./hold_watch";
import { hasNews, pageKind, takenOver, watchHold } from "./hold_watch";
import { attendeesOf, openPayment, readOrder, startOrder } from "./orders";
import { StripeCard } from "./stripe_card";

const POLL_MS = 1000;
const WARN_MS = 120_000;

class Checkout {
  private readonly form = document.getElementById("checkout") as HTMLFormElement;
  private readonly button = document.getElementById("pay") as HTMLButtonElement;
  private readonly card: CardForm | null;
  private order: { ref: string; key: string; payment: Payment | null } | null = null;
  private busy = false;

  constructor(
    private readonly facts: CheckoutFacts,
    private readonly words: Words,
  ) {
    if (facts.mode === "pay") this.order = { ref: facts.ref!, key: facts.key!, payment: paymentOf(facts) };
    this.card = facts.total === 0 ? null : this.cardForm();
    if (this.card) {
      document.getElementById("card")!.hidden = false;
      this.button.textContent = this.button.dataset.pay!;
    }
    this.form.addEventListener("submit", (event) => void this.submit(event));
    this.form.addEventListener("input", (event) => clear(event.target as HTMLElement));
    // Giving up leads back to the seats; the news of it must not lead elsewhere meanwhile.
    document.addEventListener("submit", (event) => (this.stay ||= event.target !== this.form));
  }

  private cardForm(): CardForm {
    const { facts, words } = this;
    return facts.provider === "stripe" ? new StripeCard(facts, words) : new DemoCard(words, facts.api_base, () => this.button.focus());
  }

  private async submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    if (this.busy) return; // a second click is the same click
    this.hideProblem();
    this.working(true);
    try {
      const missing = this.order === null ? this.checkDetails() : [];
      missing.push(...((await this.card?.check()) ?? []));
      if (missing.length) {
        missing[0]!.focus();
        return;
      }
      if (this.order === null && !(await this.start())) return;
      if (this.card) await this.pay(this.card);
      else this.leave();
    } finally {
      this.working(false);
    }
  }

  /** The seats' hold changed. Our own order under way tells so by itself; other news takes over, even while the bank lets us wait. */
  heard(hold: HoldView | null, cause: string | null): void {
    if (this.stay) return;
    if (this.order) {
      if (hasNews(hold)) void follow(this.order.ref, this.order.key, (kind) => !this.stay && (kind === "done" || (kind === "checking" && !this.busy)));
    } else if (!this.busy && takenOver(hold, cause)) location.reload();
  }

  private checkDetails(): HTMLElement[] {
    const missing: HTMLElement[] = [];
    const field = (name: string) => this.form.elements.namedItem(name) as HTMLInputElement;
    const [name, email, terms] = [field("name"), field("email"), field("terms")];
    if (!name.value.trim()) missing.push(mark(name, this.words.t("pay.error_name")));
    if (!/^[^@\s]+@[^@\s]+\.[^@\s.]+$/.test(email.value.trim())) missing.push(mark(email, this.words.t("pay.error_email")));
    if (!terms.checked) missing.push(mark(terms, this.words.t("pay.error_terms")));
    return missing;
  }

  /** Start the order once; its details are fixed from then on. */
  private async start(): Promise<boolean> {
    const data = new FormData(this.form);
    const text = (name: string) => String(data.get(name) ?? "").trim();
    const key = this.form.elements.namedItem("idempotency_key") as HTMLInputElement;
    const entries = [...data.entries()].map(([name, value]): [string, string] => [name, String(value)]);
    const reply = await startOrder(
      {
        show: this.facts.show,
        name: text("name"),
        email: text("email"),
        terms: true,
        attendees: attendeesOf(entries),
        expected_total: this.facts.total,
        currency: this.facts.currency,
        locale: this.words.locale,
      },
      key.value,
    );
    if (reply.ok) {
      this.started(reply.order);
      return true;
    }
    const { code, field } = reply.problem;
    if (code === "amount_changed" || code === "hold_gone" || code === "session_missing" || code === "session_expired") location.reload();
    else if (field === "/email") mark(this.form.elements.namedItem("email") as HTMLElement, this.words.t("pay.error_email")).focus();
    else {
      // Another try with other details is another request.
      if (code !== "unavailable") key.value = crypto.randomUUID?.() ?? String(Math.random()).slice(2);
      this.problem(this.words.t("pay.failed_title"), this.refusal(code));
    }
    return false;
  }

  private started(order: Order): void {
    this.order = { ref: order.ref, key: order.key, payment: order.payment };
    startClock(order.pay_until_ms, order.now_ms, this.words, this.facts.seats_url);
    for (const element of this.form.querySelectorAll<HTMLInputElement>("#name, #email, .attendees input")) element.readOnly = true;
    // A reload from here on must find the order, not a second form.
    history.replaceState(null, "", `/orders/${order.ref}?key=${order.key}`);
  }

  private async pay(card: CardForm): Promise<void> {
    const order = this.order!;
    if (!order.payment?.client_secret) {
      const reply = await openPayment(order.ref, order.key);
      if (!reply.ok) {
        this.problem(this.words.t("pay.failed_title"), this.refusal(reply.problem.code));
        return;
      }
      if (!reply.order.payment) {
        this.leave();
        return;
      }
      order.payment = reply.order.payment;
    }
    const data = new FormData(this.form);
    const holder = { name: String(data.get("name") ?? ""), email: String(data.get("email") ?? "") };
    const back = `${location.origin}${order.payment.return_url}?key=${order.key}`;
    const answer = await card.confirm(order.payment, holder, back);
    switch (answer.kind) {
      case "paid":
      case "ask":
        this.leave();
        break;
      case "bank":
        this.stay = true;
        location.assign(answer.url);
        break;
      case "said":
        answer.place.focus();
        break;
      case "declined": {
        const key = `pay.decline.${answer.code}`;
        this.problem(this.words.t("pay.declined_title"), `${this.words.has(key) ? this.words.t(key) : ""} ${this.words.t("pay.declined_body")}`.trim());
        break;
      }
      case "failed":
        this.problem(this.words.t("pay.failed_title"), this.words.t("pay.failed_body"));
        break;
    }
  }

  /** The next page is on its way: the button keeps turning until it is there. */
  private stay = false;

  private leave(): void {
    this.stay = true;
    const { ref, key } = this.order!;
    location.assign(`/orders/${ref}/return?key=${key}`);
  }

  private working(busy: boolean): void {
    if (!busy && this.stay) return;
    this.busy = busy;
    this.button.setAttribute("aria-busy", String(busy));
    this.button.textContent = busy ? this.words.t("pay.paying") : this.facts.total ? this.button.dataset.pay! : this.button.textContent;
  }

  private refusal(code: string): string {
    return this.words.t(this.words.has(`refusal.${code}`) ? `refusal.${code}` : "pay.failed_body");
  }

  private problem(title: string, body: string): void {
    const box = document.getElementById("pay-problem")!;
    document.getElementById("pay-problem-title")!.textContent = title;
    document.getElementById("pay-problem-body")!.textContent = body;
    box.hidden = false;
    box.focus();
  }

  private hideProblem(): void {
    document.getElementById("pay-problem")!.hidden = true;
    const declined = document.getElementById("declined");
    if (declined) declined.hidden = true;
  }
}

function paymentOf(facts: CheckoutFacts): Payment {
  return {
    provider: facts.provider,
    publishable_key: facts.publishable_key,
    api_base: facts.api_base,
    client_secret: facts.client_secret ?? null,
    return_url: facts.return_url ?? `/orders/${facts.ref}/return`,
  };
}

let ticking = 0;

/** Count down to *until* (server's clock, corrected by its *now*); at the end say where to go on. */
function startClock(until: number, now: number, words: Words, seatsUrl: string): void {
  const clock = document.getElementById("clock");
  if (!clock) return;
  clearInterval(ticking);
  const ahead = now - Date.now();
  const left = document.getElementById("clock-left")!;
  const spoken = document.getElementById("clock-spoken")!;
  let said = Infinity;
  const tick = () => {
    const ms = until - Date.now() - ahead;
    left.textContent = countdown(ms);
    clock.classList.toggle("clock--short", ms < WARN_MS);
    for (const markMs of [WARN_MS, 60_000]) {
      if (ms <= markMs && said > markMs && ms > 0) spoken.textContent = words.t("hold.minutes_left", { n: Math.ceil(ms / 60_000) });
    }
    said = ms;
    if (ms > 0) return;
    clearInterval(ticking);
    spoken.textContent = words.t("pay.time_up");
    left.textContent = "0:00";
    const link = document.createElement("a");
    link.className = "link small";
    link.href = seatsUrl;
    link.textContent = words.t("pay.time_up");
    clock.replaceChildren(link);
  };
  clock.hidden = false;
  tick();
  ticking = window.setInterval(tick, 500);
}

/** Show the order's page anew if it became one that is *wanted*. */
async function follow(ref: string, key: string, wanted: (kind: PageKind) => boolean): Promise<boolean> {
  const reply = await readOrder(ref, key);
  if (!reply.ok || !wanted(pageKind(reply.order.message))) return false;
  location.replace(`/orders/${ref}?key=${key}`);
  return true;
}

/** The bank has not answered. Its word is pushed to the buyer's own browser; who came by the letter's link is told by asking. */
async function waitForBank(facts: CheckoutFacts): Promise<void> {
  const [ref, key, answered] = [facts.ref!, facts.key!, (kind: PageKind) => kind !== "checking"] as const;
  watchHold(facts, (hold) => hasNews(hold) && void follow(ref, key, answered));
  for (let wait = POLL_MS; ; wait = Math.min(5000, wait * 1.2)) {
    await new Promise((done) => setTimeout(done, wait));
    if (await follow(ref, key, answered)) return;
  }
}

const facts = dataBlock<CheckoutFacts>("checkout-data");
const words = pageWords();
if (facts.mode === "start" || facts.mode === "pay") {
  startClock(facts.expires_at_ms, facts.now_ms, words, facts.seats_url);
  const checkout = new Checkout(facts, words);
  watchHold(facts, (hold, cause) => checkout.heard(hold, cause));
} else if (facts.mode === "checking") void waitForBank(facts);
