/** Days of the Gregorian calendar, counted from 1 January 1970, which was a Thursday. */
export interface CivilDate {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  /** 1 to 31. */
  readonly day: number;
}

/** Years, and days, after which the calendar repeats. */
const era = { years: 400, days: 146_097 } as const;
/** 1 March of the year 0 to 1 January 1970. Years are counted from March, so that the leap day is the last of its year. */
const daysBeforeEpoch = 719_468;

export function dayNumber({ year, month, day }: CivilDate): number {
  const marchYear = month > 2 ? year : year - 1;
  const eras = Math.floor(marchYear / era.years);
  const yearOfEra = marchYear - eras * era.years;
  // From March on, months of 31 and 30 days come in fives of 153 days.
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  return eras * era.days + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - daysBeforeEpoch;
}

export function civilDate(number: number): CivilDate {
  const fromMarch = number + daysBeforeEpoch;
  const eras = Math.floor(fromMarch / era.days);
  const dayOfEra = fromMarch - eras * era.days;
  const leapDays = Math.floor(dayOfEra / 1_460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096);
  const yearOfEra = Math.floor((dayOfEra - leapDays) / 365);
  const dayOfYear = dayOfEra - (yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  return { year: eras * era.years + yearOfEra + (month > 2 ? 0 : 1), month, day: dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1 };
}

export function daysInMonth(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** 0: Monday, 6: Sunday. */
export const weekday = (number: number): number => (((number + 3) % 7) + 7) % 7;
