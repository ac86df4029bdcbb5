/** Stripe's Payment Element: the card goes from Stripe's frame to Stripe, and this page never sees it. */

import type { Words } from "../i18n/words";
import type { CardForm, Confirmed, Holder } from "./card_form";
import type { CheckoutFacts, Payment } from "./facts";
import type { Appearance, Elements, Stripe, StripeError } from "./stripe_js";
import { loadStripe } from "./stripe_js";

export class StripeCard implements CardForm {
  private readonly place = document.getElementById("payment-element")!;
  private readonly error = document.getElementById("payment-error")!;
  private readonly unloaded = document.getElementById("payment-unloaded")!;
  private readonly retry = document.getElementById("payment-retry") as HTMLButtonElement;
  private form: { stripe: Stripe; elements: Elements } | null = null;

  constructor(
    private readonly facts: CheckoutFacts,
    private readonly words: Words,
  ) {
    this.retry.addEventListener("click", () => void this.open());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.form?.elements.update({ appearance: appearance() }));
    void this.open();
  }

  async check(): Promise<HTMLElement[]> {
    if (!this.form) return [this.unloaded.hidden ? this.place : this.retry];
    const { error } = await this.form.elements.submit();
    return error ? [this.say(error)] : [];
  }

  async confirm(payment: Payment, holder: Holder, back: string): Promise<Confirmed> {
    const { stripe, elements } = this.form!;
    const known = Object.fromEntries(Object.entries(holder).filter(([, value]) => value));
    const { error } = await stripe.confirmPayment({
      elements,
      clientSecret: payment.client_secret!,
      confirmParams: {
        return_url: back,
        ...(Object.keys(known).length ? { payment_method_data: { billing_details: known } } : {}),
      },
    });
    // Without an error Stripe leads on by itself: to the bank, or back to us.
    if (!error) return { kind: "paid" };
    const meaning = understood(error);
    return meaning === "said" ? { kind: "said", place: this.say(error) } : { kind: meaning };
  }

  /** Bring Stripe's form; when it does not come, say so and offer to try again. */
  private async open(): Promise<void> {
    this.unloaded.hidden = true;
    this.place.hidden = false;
    this.place.setAttribute("aria-busy", "true");
    try {
      const stripe = (await loadStripe())(this.facts.publishable_key, { locale: this.words.locale });
      const elements = stripe.elements({
        mode: "payment",
        amount: this.facts.charge,
        currency: this.facts.currency,
        captureMethod: "automatic",
        appearance: appearance(),
      });
      const element = elements.create("payment", { layout: "tabs" });
      element.on("ready", () => this.place.removeAttribute("aria-busy"));
      element.on("change", () => (this.error.hidden = true));
      element.on("loaderror", () => {
        element.destroy();
        this.lost();
      });
      element.mount(this.place);
      this.form = { stripe, elements };
    } catch {
      this.lost();
    }
  }

  private lost(): void {
    this.form = null;
    this.place.hidden = true;
    this.unloaded.hidden = false;
  }

  private say(error: StripeError): HTMLElement {
    this.error.textContent = error.message || this.words.t("pay.failed_body");
    this.error.hidden = false;
    return this.error;
  }
}

/** What a refusal by Stripe.js means (docs.stripe.com/error-handling): said beside the field, to be asked about, or our fault. */
export function understood(error: StripeError): "said" | "ask" | "failed" {
  if (error.type === "card_error" || error.type === "validation_error" || error.code === "payment_intent_authentication_failure") return "said";
  if (error.code === "payment_intent_unexpected_state") return "ask";
  // The line broke or Stripe stumbled: the card may have been charged, so nobody is told to pay again.
  if (error.type === "api_connection_error" || error.type === "api_error" || error.type === "rate_limit_error") return "ask";
  return "failed";
}

/** Our colours and shapes, for a form in somebody else's frame. */
function appearance(): Appearance {
  const style = getComputedStyle(document.documentElement);
  const token = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    theme: matchMedia("(prefers-color-scheme: dark)").matches ? "night" : "stripe",
    variables: {
      colorPrimary: token("accent-ink"),
      colorBackground: token("surface"),
      colorText: token("ink"),
      colorTextSecondary: token("ink-2"),
      colorDanger: token("danger"),
      borderRadius: "6px",
      fontFamily: "Inter, system-ui, sans-serif",
      fontSizeBase: "16px",
    },
  };
}
