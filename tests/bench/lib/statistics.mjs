export function median(values) {
  const sorted = values.filter((value) => Number.isFinite(value)).sort((a, b) => a - b);
  if (sorted.length === 0) return undefined;
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

// All measurements: a flat list of samples, each with its row, contender and conditions.
export class Samples {
  constructor(items = []) {
    this.items = items;
  }

  add(sample) {
    this.items.push(sample);
  }

  // The samples whose members equal all of `wanted`'s.
  where(wanted) {
    return new Samples(this.items.filter((item) => Object.entries(wanted).every(([name, value]) => item[name] === value)));
  }

  // Median of a member over the samples that have it; undefined if none has.
  median(name) {
    return median(this.items.map((item) => item[name]));
  }

  // The distinct values of a member, in the order of measurement.
  distinct(name) {
    return [...new Set(this.items.map((item) => item[name]).filter((value) => value !== undefined))];
  }

  sum(name) {
    return this.items.reduce((sum, item) => sum + (item[name] ?? 0), 0);
  }
}
