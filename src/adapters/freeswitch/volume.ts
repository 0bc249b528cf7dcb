/** The levels of `volume_in`, as FreeSWITCH applies them (`switch_change_sln_volume`): factors of 1.3, 2.3, 3.3, 4.3 and 0.8, 0.6, 0.4, 0.2. */
const levels = [-14, -8, -4.4, -1.9, 0, 2.3, 7.2, 10.4, 12.7] as const;

/** The level nearest to this many decibels: -4 to 4. */
export function volumeOf(decibels: number): number {
  const distance = (level: number): number => Math.abs((levels[level + 4] ?? 0) - decibels);
  return [-4, -3, -2, -1, 0, 1, 2, 3, 4].reduce((best, level) => (distance(level) < distance(best) ? level : best), 0);
}
