/** What may want to be looked at in active keys. */

const DAY_MS = 86_400_000;

/** A key that ends within this ends soon. */
export const SOON_DAYS = 14;
export const SOON_MS = SOON_DAYS * DAY_MS;
/** A key that was not used for so long is unused. */
export const UNUSED_DAYS = 90;
export const UNUSED_MS = UNUSED_DAYS * DAY_MS;
