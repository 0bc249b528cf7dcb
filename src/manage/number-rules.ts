import { validateNumberRule, type NumberRule, type NumberRuleSettings } from '../domain/number-rules.ts';
import type { Problem } from '../lib/problem.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { KeptNumberRule, NumberRuleSecret, NumberRuleStore } from '../ports/number-rules.ts';
import { changed, entryOf, type Origin } from './audit.ts';
import type { Problems } from './problems.ts';
import { Turns } from './turns.ts';

export interface NumberRulesOptions {
  readonly rules: NumberRuleStore;
  /** All there are now, for who calls by them. */
  readonly onChange: (rules: readonly KeptNumberRule[]) => void;
}

/** A rule as it is shown: of its secret only whether there is one. */
export interface NumberRuleView extends NumberRule {
  readonly hasPassword: boolean;
}

export interface NumberRuleGiven {
  readonly settings: NumberRuleSettings;
  readonly password: NumberRuleSecret;
}

/** What may be dialled beyond rooms and users. There is none by default, so that nobody calls at somebody else's expense. */
export class NumberRules {
  readonly #options: NumberRulesOptions;
  readonly #turns = new Turns();

  constructor(options: NumberRulesOptions) {
    this.#options = options;
  }

  async list(): Promise<Result<readonly NumberRuleView[], Problem>> {
    const kept = await this.#options.rules.all();
    return kept.ok ? ok(kept.value.map(viewOf)) : kept;
  }

  add(origin: Origin, { settings, password }: NumberRuleGiven): Promise<Result<NumberRuleView, Problems>> {
    return this.#turns.take(async () => {
      const valid = check(settings);
      if (!valid.ok) return valid;
      const added = await this.#options.rules.add(valid.value, password, (rule) => ({ audit: entryOf(origin, 'numberRule.add', objectOf(rule.id), { after: rule }), events: [] }));
      return added.ok ? this.#told(added.value.id) : err([added.error]);
    });
  }

  /** Absent `version`: the last change wins. */
  change(origin: Origin, id: string, version: number | undefined, { settings, password }: NumberRuleGiven): Promise<Result<NumberRuleView, Problems>> {
    return this.#turns.take(async () => {
      const valid = check(settings);
      if (!valid.ok) return valid;
      const secret = password === undefined ? {} : { password: changed };
      const done = await this.#options.rules.change(id, version, valid.value, password, (after, before) => ({ audit: entryOf(origin, 'numberRule.change', objectOf(id), { before, after: { ...after, ...secret } }), events: [] }));
      return done.ok ? this.#told(id) : err([done.error]);
    });
  }

  remove(origin: Origin, id: string): Promise<Result<void, Problems>> {
    return this.#turns.take(async () => {
      const removed = await this.#options.rules.remove(id, (before) => ({ audit: entryOf(origin, 'numberRule.remove', objectOf(id), { before }), events: [] }));
      if (!removed.ok) return err([removed.error]);
      const left = await this.#options.rules.all();
      if (!left.ok) return err([left.error]);
      this.#options.onChange(left.value);
      return ok(undefined);
    });
  }

  async #told(id: string): Promise<Result<NumberRuleView, Problems>> {
    const all = await this.#options.rules.all();
    if (!all.ok) return err([all.error]);
    this.#options.onChange(all.value);
    const kept = all.value.find(({ rule }) => rule.id === id);
    return kept === undefined ? err([unknown]) : ok(viewOf(kept));
  }
}

const unknown: Problem = { code: 'number_rule_unknown', message: 'there is no such number rule', advice: 'see the number rules there are' };
const objectOf = (id: string): string => `numberRule:${id}`;
const viewOf = ({ rule, password }: KeptNumberRule): NumberRuleView => ({ ...rule, hasPassword: password !== undefined });

function check(settings: NumberRuleSettings): Result<NumberRuleSettings, Problems> {
  const valid = validateNumberRule(settings);
  if (valid.ok) return valid;
  const [first, ...others] = valid.error;
  return first === undefined ? ok(settings) : err([first, ...others]);
}
