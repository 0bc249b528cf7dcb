/**
 * The library writes header values as they are: a line end would begin a header of its own (D-34 of the protocol reference).
 */
export const headerText = (text: string): string => text.replaceAll(/\p{Cc}/gu, '');

/** What a stranger said of himself, fit to be shown: no controls, and no longer than a display. */
export const shownText = (text: string): string => headerText(text).trim().slice(0, 128);

/** A display name without its quotes (RFC 3261 §25.1, quoted-string). */
export const displayName = (name: string): string => shownText(name.replace(/^"(.*)"$/s, '$1').replaceAll(/\\(.)/gs, '$1'));
