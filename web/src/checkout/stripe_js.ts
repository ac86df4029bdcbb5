/**
 * The little of Stripe.js that the checkout uses (docs.stripe.com/js), and how it comes here: from Stripe's own address, which
 * the rules for card data demand, and only when a card is to be typed in. The release is the one of server/payments/stripe_version.py.
 */

export const STRIPE_JS = "https://js.stripe.com/endive/stripe.js";

export interface StripeError {
  type: string;
  code?: string;
  message?: string;
}

export interface Appearance {
  theme: "stripe" | "night";
  variables: Record<string, string>;
}

export interface PaymentElement {
  mount(place: HTMLElement): void;
  on(event: "ready", then: () => void): void;
  on(event: "change", then: () => void): void;
  on(event: "loaderror", then: (event: { error: StripeError }) => void): void;
  destroy(): void;
}

export interface Elements {
  create(kind: "payment", options: { layout: "tabs" | "accordion" }): PaymentElement;
  /** Judge what was typed, before anything else is awaited: wallets open only in answer to a click. */
  submit(): Promise<{ error?: StripeError }>;
  update(options: { appearance: Appearance }): void;
}

export interface Stripe {
  elements(options: {
    mode: "payment";
    amount: number;
    currency: string;
    captureMethod: "automatic";
    appearance: Appearance;
  }): Elements;
  confirmPayment(options: {
    elements: Elements;
    clientSecret: string;
    confirmParams: { return_url: string; payment_method_data?: { billing_details: Partial<Record<"name" | "email", string>> } };
  }): Promise<{ error?: StripeError }>;
}

export type StripeFactory = (publishableKey: string, options: { locale: string }) => Stripe;

declare global {
  interface Window {
    Stripe?: StripeFactory;
  }
}

/** Bring Stripe.js; rejects when it does not come. May be asked again. */
export function loadStripe(): Promise<StripeFactory> {
  if (window.Stripe) return Promise.resolve(window.Stripe);
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    const lost = () => {
      script.remove();
      reject(new Error(`${STRIPE_JS} did not load`));
    };
    script.src = STRIPE_JS;
    script.onload = () => (window.Stripe ? resolve(window.Stripe) : lost());
    script.onerror = lost;
    document.head.append(script);
  });
}
