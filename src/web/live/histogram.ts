// The value below which `share` of the counted values lie, computed like Prometheus's
// histogram_quantile: linear within a bucket. `counts` has one bucket more than `bounds`. Null when
// nothing was counted.
export function quantile(share: number, bounds: number[], counts: number[]): number | null {
  const total = counts.reduce((sum, one) => sum + one, 0);
  if (total === 0) return null;
  const rank = share * total;
  let below = 0;
  for (const [index, upper] of bounds.entries()) {
    const here = counts[index] ?? 0;
    if (here > 0 && below + here >= rank) {
      const lower = index === 0 ? 0 : (bounds[index - 1] ?? 0);
      return lower + (upper - lower) * ((rank - below) / here);
    }
    below += here;
  }
  return bounds.at(-1) ?? null;
}
