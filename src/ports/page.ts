/** A part of a list, in an order that what is added meanwhile does not disturb. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Where the next page begins; absent on the last one. Opaque: it is given back as it is. */
  readonly next?: string;
}

export interface PageQuery {
  /** `next` of the page before; absent for the first. */
  readonly after?: string;
  /** Most items, 1 or more. */
  readonly limit: number;
}
