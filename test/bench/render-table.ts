import type { Figure, Verdict } from './figure.ts';

type Row = Figure & Verdict & { readonly load: string };

/** The figures as a table that reads well in a terminal and in Markdown, then what each is made of. */
export function renderTable(rows: readonly Row[]): string {
  const head = ['figure', 'target', 'measured', 'range', '', 'load'];
  const cells = [head, ...rows.map(toCells)];
  const widths = head.map((_, column) =>
    Math.max(...cells.map((row) => (row[column] ?? '').length)),
  );
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`;
  const [first = head, ...others] = cells;
  const notes = rows.flatMap(({ name, note }) =>
    note === undefined ? [] : [`* ${name}: ${note}`],
  );
  return [line(first), rule, ...others.map(line), '', ...notes].join('\n');
}

function toCells({
  name,
  limit,
  atLeast,
  unit = '',
  values,
  value,
  lowest,
  highest,
  passed,
  load,
}: Row): string[] {
  const withUnit = (number: number): string => `${format(number)} ${unit}`.trim();
  return [
    name,
    [
      ...(limit === undefined ? [] : [`≤ ${withUnit(limit)}`]),
      ...(atLeast === undefined ? [] : [`≥ ${withUnit(atLeast)}`]),
    ].join(' ') || '–',
    withUnit(value),
    values.length > 1 ? `${format(lowest)} – ${format(highest)}` : 'one value',
    verdictOf(passed),
    load,
  ];
}

function verdictOf(passed: boolean | undefined): string {
  if (passed === undefined) return '';
  return passed ? 'pass' : 'FAIL';
}

/** Four digits that matter. */
function format(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(4)));
}
