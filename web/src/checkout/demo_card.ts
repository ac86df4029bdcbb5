/** Our own card fields. They speak to the demo provider alone: a real card is typed into its provider's own form. */

import type { Words } from "../i18n/words";
import type { Card } from "./card";
import { groupExpiry, groupNumber, isCard, readCard } from "./card";
import type { CardForm, Confirmed, Holder } from "./card_form";
import { confirmCard, testCards } from "./demo_provider";
import type { Payment } from "./facts";
import { clear, mark } from "./fields";

export class DemoCard implements CardForm {
  private readonly number = document.getElementById("card-number") as HTMLInputElement;
  private readonly expiry = document.getElementById("card-expiry") as HTMLInputElement;
  private readonly cvc = document.getElementById("card-cvc") as HTMLInputElement;
  private tries = 0;

  constructor(
    private readonly words: Words,
    apiBase: string,
    private readonly filled: () => void,
  ) {
    this.typing();
    void this.offerTestCards(apiBase);
  }

  async check(): Promise<HTMLElement[]> {
    const card = this.read();
    if (isCard(card)) return [];
    return Object.entries(card).map(([field, key]) => this.say(field as keyof typeof card, this.words.t(key)));
  }

  async confirm(payment: Payment, holder: Holder, back: string): Promise<Confirmed> {
    const card = this.read() as Card;
    const key = `${payment.client_secret!.slice(-8)}-${this.tries++}-${card.number.slice(-4)}`;
    const answer = await confirmCard(payment, card, holder, back, key);
    return answer.kind === "field" ? { kind: "said", place: this.say(answer.field, answer.message) } : answer;
  }

  private read(): ReturnType<typeof readCard> {
    return readCard(this.number.value, this.expiry.value, this.cvc.value, new Date());
  }

  private say(field: "number" | "expiry" | "cvc", text: string): HTMLElement {
    return mark(document.getElementById(`card-${field}`)!, text);
  }

  private typing(): void {
    const keep = (field: HTMLInputElement, shape: (text: string) => string) => {
      const before = field.value.slice(0, field.selectionStart ?? 0).replace(/\D/g, "").length;
      field.value = shape(field.value);
      // The caret stays behind the same digit, whatever blanks were put in.
      let at = 0;
      for (let seen = 0; at < field.value.length && seen < before; at++) if (/\d/.test(field.value[at]!)) seen++;
      if (before < field.value.replace(/\D/g, "").length) field.setSelectionRange(at, at);
    };
    this.number.addEventListener("input", () => keep(this.number, groupNumber));
    this.expiry.addEventListener("input", (event) => {
      this.expiry.value = groupExpiry(this.expiry.value, (event as InputEvent).inputType?.startsWith("delete") ?? false);
    });
    this.cvc.addEventListener("input", () => (this.cvc.value = this.cvc.value.replace(/\D/g, "")));
  }

  private async offerTestCards(apiBase: string): Promise<void> {
    const place = document.getElementById("test-cards");
    if (!place) return;
    const cards = await testCards(apiBase).catch(() => []);
    for (const outcome of ["succeeds", "authenticates", "declines"] as const) {
      const card = cards.find((one) => one.outcome === outcome);
      if (!card) continue;
      const button = document.createElement("button");
      button.type = "button";
      button.className = "chip";
      button.textContent = this.words.t(`pay.demo_${outcome}`);
      button.addEventListener("click", () => {
        this.number.value = groupNumber(card.number);
        this.expiry.value = "12 / 34";
        this.cvc.value = /^3[47]/.test(card.number) ? "1234" : "123";
        for (const field of [this.number, this.expiry, this.cvc]) clear(field);
        this.filled();
      });
      place.append(button);
    }
  }
}
