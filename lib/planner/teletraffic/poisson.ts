/**
 * ln(x!) less its leading Stirling terms, (x + 1/2) ln x - x + ln(2 pi)/2, for real x >= 16: the asymptotic series of the
 * NIST Digital Library of Mathematical Functions, 5.11.1, to full precision of a double.
 */
function stirlingRest(x: number): number {
  const square = 1 / (x * x);
  return (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square / 1188)))) / x;
}

/** ln(x!) for real x from 0 to 16, stepped up to where the series holds. */
function lnFactorialOfSmall(x: number): number {
  let product = 1;
  let y = x;
  while (y < 16) {
    y += 1;
    product *= y;
  }
  return (y + 0.5) * Math.log(y) - y + 0.5 * Math.log(2 * Math.PI) + stirlingRest(y) - Math.log(product);
}

/** ln(x/mean), also where no double holds the ratio. */
function lnRatio(x: number, mean: number): number {
  const ratio = x / mean;
  return ratio > 1e-300 && ratio < Infinity ? Math.log(ratio) : Math.log(x) - Math.log(mean);
}

/**
 * x ln(x/mean) + mean - x, the deviance of a Poisson count, without the cancellation where x is near the mean.
 * C. Loader, Fast and Accurate Computation of Binomial Probabilities (2000), section 4.
 */
function deviance(x: number, mean: number): number {
  const difference = x - mean;
  if (Math.abs(difference) > 0.1 * x + 0.1 * mean) return x * lnRatio(x, mean) - difference;
  const v = difference / 2 / (x / 2 + mean / 2);
  const square = v * v;
  let power = 2 * x * v;
  let sum = difference * v;
  for (let odd = 3; ; odd += 2) {
    power *= square;
    const next = sum + power / odd;
    if (next === sum) return sum;
    sum = next;
  }
}

/**
 * ln of the Poisson probability e^-mean mean^x / x!, for real x >= 0 and mean > 0. Absolute error below 1e-10 up to
 * x = 100,000, where the terms themselves are of the order of a million. Loader (2000), section 3.
 */
export function lnPoisson(x: number, mean: number): number {
  if (x < 16) return x * Math.log(mean) - mean - lnFactorialOfSmall(x);
  return -stirlingRest(x) - deviance(x, mean) - 0.5 * (Math.log(2 * Math.PI) + Math.log(x));
}
