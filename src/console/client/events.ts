/** The form that a `submit` or `formdata` event is of. */
export function formOf({ target }: Event): HTMLFormElement {
  if (!(target instanceof HTMLFormElement)) throw new Error("The event is of no form");
  return target;
}

/** The element that an event happened at, if it is one. */
export function elementOf({ target }: Event): Element | null {
  return target instanceof Element ? target : null;
}
