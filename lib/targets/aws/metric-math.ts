import type { Expression } from '../../observability/alerts.ts';

/** Operators by how tightly they bind. */
const tightness = { and: 1, '>': 2, '==': 2, '+': 3, '-': 3, '*': 4, '/': 4 } as const;

/**
 * An expression in CloudWatch's metric math.
 *
 * @param within how tightly the operator around it binds
 * @example metricMath(['abs', ['-', ['orZero', 'a'], 1]]) // 'ABS(FILL(a, 0) - 1)'
 */
export function metricMath(expression: Expression, within = 0): string {
  if (typeof expression === 'string' || typeof expression === 'number') return String(expression);
  switch (expression[0]) {
    case 'orZero':
      return `FILL(${expression[1]}, 0)`;
    case 'abs':
      return `ABS(${metricMath(expression[1])})`;
    case 'if':
      return `IF(${expression
        .slice(1)
        .map((part) => metricMath(part))
        .join(', ')})`;
    default: {
      const [operator, left, right] = expression;
      const tight = tightness[operator];
      // What stands on the right of an operator that binds as tightly needs brackets: a - (b - c).
      const text = `${metricMath(left, tight)} ${operator === 'and' ? 'AND' : operator} ${metricMath(right, tight + 1)}`;
      return tight < within ? `(${text})` : text;
    }
  }
}
