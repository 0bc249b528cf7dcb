import { Type, type Static, type TObject } from 'typebox';
import { err, ok, type Result } from '../lib/result.ts';
import type { Page, PageQuery } from '../ports/page.ts';
import { failure, type Failure } from './errors.ts';
import type { Answer } from './route.ts';

const usualLimit = 50;

/** What every list takes; spread it into the query of the route. `most`: `api.pageSize`. */
export const pageQuery = (most: number) => ({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: most, default: Math.min(usualLimit, most), description: 'most items of the answer' })),
  after: Type.Optional(Type.String({ maxLength: 512, description: '`next` of the page before' })),
  fields: Type.Optional(Type.String({ maxLength: 512, pattern: '^[A-Za-z]+(,[A-Za-z]+)*$', description: 'names of the fields of each item to answer, separated by commas; default: all' })),
});

export type PageGiven = Static<TObject<ReturnType<typeof pageQuery>>>;

export const pageOf = ({ limit, after }: PageGiven, most: number): PageQuery => ({ limit: limit ?? Math.min(usualLimit, most), ...(after === undefined ? {} : { after }) });

/** `next` is there as long as there is more. */
export const pageSchema = <Item extends TObject>(item: Item) => Type.Object({ items: Type.Array(item, { description: 'with `fields`, only those of each' }), next: Type.Optional(Type.String()) });

/** A page as it goes out, with the fields asked for. */
export function pageAnswer(page: Page<object>, fields: string | undefined, item: TObject): Result<Answer, Failure> {
  if (fields === undefined) return ok({ status: 200, body: page });
  const names = fields.split(',');
  const strange = names.find((name) => !Object.hasOwn(item.properties, name));
  if (strange !== undefined) {
    return err(failure({ code: 'invalid', message: `there is no field ${JSON.stringify(strange)}`, advice: `choose from: ${Object.keys(item.properties).join(', ')}`, field: 'fields' }));
  }
  const items = page.items.map((each) => Object.fromEntries(Object.entries(each).filter(([name]) => names.includes(name))));
  return ok({ status: 200, body: { ...page, items } });
}
