import { routeDial, type DialPlan, type DialRoute } from '../domain/dial-route.ts';
import { inOrder, routeNumber, type Dialler, type NumberRoute } from '../domain/number-rules.ts';
import { nextHop } from '../domain/registrar.ts';
import type { DialRequest } from '../ports/dial.ts';
import type { KeptNumberRule } from '../ports/number-rules.ts';
import type { CallTarget } from '../ports/user-call.ts';
import type { Registrar } from './registrar.ts';

export interface DialPlannerOptions {
  readonly registrar: Pick<Registrar, 'user' | 'contacts'>;
  readonly isOurs: DialPlan['isOurs'];
}

/** What of a call of ours follows from where it leads. */
export type Destination = Pick<DialRequest, 'targets' | 'identity' | 'credentials'> & { readonly name?: string; readonly dtmf?: string };

/** Knows where calls of ours lead: by the rules, which are held in memory as this process alone changes them, and to telephones of users. */
export class DialPlanner {
  readonly #options: DialPlannerOptions;
  #kept: readonly KeptNumberRule[] = [];
  #plan: DialPlan;

  constructor(options: DialPlannerOptions) {
    this.#options = options;
    this.#plan = this.#planOf([]);
  }

  get hasRules(): boolean {
    return this.#kept.length > 0;
  }

  /** All rules there are now, in order of creation. */
  rulesChanged(kept: readonly KeptNumberRule[]): void {
    this.#kept = kept;
    this.#plan = this.#planOf(kept);
  }

  /** From a telephone: by rule alone. */
  number(dialled: string, by: Dialler): NumberRoute | undefined {
    const verdict = routeNumber(this.#plan.rules, dialled, by);
    return verdict.kind === 'granted' ? verdict.route : undefined;
  }

  route(dialled: string, by: Dialler): DialRoute {
    return routeDial(dialled, by, this.#plan);
  }

  /** `from`: whom the callee is shown. Undefined: a user without a telephone at the moment. */
  destination(route: Exclude<DialRoute, { kind: 'none' }>, from: CallTarget['from']): Destination | undefined {
    switch (route.kind) {
      case 'user': {
        const { registrar } = this.#options;
        const [first, ...others] = registrar.contacts(route.user).map((contact): CallTarget => ({ uri: contact.uri, hop: nextHop(contact), from }));
        if (first === undefined) return undefined;
        return { targets: [first, ...others], identity: route.user, name: registrar.user(route.user)?.display ?? route.user };
      }
      case 'number':
        return this.toNumber(route, from);
      case 'address':
        return { targets: [{ uri: route.uri, hop: { kind: 'contact' }, from }] };
    }
  }

  toNumber({ rule, uri, dtmf }: NumberRoute, from: CallTarget['from']): Destination {
    const password = this.#kept.find((kept) => kept.rule.id === rule.id)?.password;
    const { username } = rule;
    return {
      targets: [{ uri, hop: { kind: 'contact' }, from }],
      ...(username === undefined || password === undefined ? {} : { credentials: { username, password } }),
      ...(dtmf === undefined ? {} : { dtmf }),
    };
  }

  #planOf(kept: readonly KeptNumberRule[]): DialPlan {
    const { registrar, isOurs } = this.#options;
    return { rules: inOrder(kept.map(({ rule }) => rule)), isUser: (name) => registrar.user(name) !== undefined, isOurs };
  }
}
