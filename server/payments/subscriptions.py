"""The webhook events Frontrow wants: what an operator enables at Stripe, and what the demo provider sends us.

One hint per change is enough, since the object is fetched anyway (R1): a purchase costs one webhook.
"""

WANTED_EVENTS = (
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "payment_intent.canceled",
    "refund.created",
    "refund.updated",
    "refund.failed",
)
