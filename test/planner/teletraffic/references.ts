/**
 * Reference values, computed apart from this project at 40 to 60 decimal digits with mpmath 1.3.0 (Python):
 *
 * - Erlang B, whole n: I_0 = 1, I_k = 1 + (k / A) I_(k-1), B = 1 / I_n. Real n: the same steps upwards from the fraction
 *   f of n, with I_f = e^A A^-f Gamma(f + 1, A) by `mpmath.gammainc`.
 * - Erlang C: n B / (n - A (1 - B)) with that B.
 * - Inverses, Extended B and the equivalent random group: `mpmath.findroot(solver='anderson')` on these.
 * - Overflow: m = A B, v = m (1 - m + A / (n + 1 - A + m)).
 * - Kaufman-Roberts up to 48 slots, and pools: every state enumerated with its product-form weight; above: the recursion.
 * - Trunk reservation, one slot a call: birth and death of the number of busy lines.
 */

/** [lines, erlangs, ln B] */
export const LN_ERLANG_B: readonly (readonly [number, number, number])[] = [
  [1, 0.001, -6.90875477931522059],
  [1, 3, -0.287682072451780927],
  [5, 0.5, -8.75321348054412653],
  [10, 4, -5.23862515597044217],
  [10, 11, -1.34868907565213016],
  [10, 13, -1.07533021418782404],
  [100, 20, -84.1661482001643908],
  [100, 80, -5.52345575508935352],
  [100, 102, -2.43771002762510283],
  [100, 120, -1.62826407041058062],
  [100, 100000, -0.00100049031375433961],
  [1000, 900, -9.73292441072011824],
  [1000, 1001, -3.67181017406894016],
  [1000, 2000, -0.692151644640697757],
  [10000, 200, -29325.7541713339867],
  [10000, 9000, -59.1292736307891069],
  [10000, 10000, -4.83627493762624914],
  [10000, 10003, -4.81263078359692687],
  [10000, 12000, -1.78927734648934769],
  [100000, 50000, -19321.3934580935541],
  [100000, 99000, -11.7082379680681033],
  [100000, 100000, -5.98393559153930602],
  [100000, 100002, -5.97890510575197422],
  [100000, 101000, -4.5326996486721044],
  [100000, 1000000, -0.105360392201348629],
  [0.3, 0.1, -0.641141319179631627],
  [0.3, 3, -0.0807932069832283503],
  [2.5, 0.01, -12.7238990587867221],
  [2.5, 4.4, -0.57771334014262009],
  [2.5, 4.6, -0.55292517360449565],
  [10.7, 8, -2.38319720638480831],
  [1234.567, 1200, -4.80212820970859203],
  [1234.567, 1300, -2.80166000308210474],
  [99999.5, 100000, -5.9826741026342717],
  [99999.5, 100500, -5.06401863079690383],
];

/** [lines, erlangs, ln B, idle lines, carried erlangs, variance / mean of the overflow less 1], by the integral at 50 digits. */
export const MANY_AND_FEW_LINES: readonly (readonly [number, number, number, number, number, number])[] = [
  [
    6.701915761487039e35, 6.701915761487039e35, -41.47222719007839, 6.531900249165311e17, 6.701915761487039e35,
    3.728384669214229e17,
  ],
  [30656323620564.938, 30656350358390.79, -13.913231557505094, 1064476.367071428, 30656322556088.57, 997136.1787572866],
  [
    1.0735906156758043e21, 1.0735906158933964e21, -22.29789340387533, 4732048515.058305, 1.0735906156710722e21,
    4552350842.54953,
  ],
  [
    1771416.644042348, 8153981.101073846, -0.24493627405301135, 0.2775398426183625, 1771416.3665025055,
    0.27753973151321687,
  ],
  [
    7.976939712044224e17, 7.976939701603081e17, -22.083327626046547, 1248838408.043531, 7.97693969955584e17,
    434024643.89996934,
  ],
  [
    4.979094388343925e22, 4.979094388306644e22, -28.39713481345876, 395950143022.487, 4.97909438830433e22,
    102606912664.86003,
  ],
  [639466.199359461, 639256.4527527696, -7.133001458905941, 720.077603449708, 638746.1217560113, 376.19834445891445],
  [2289037.63562172, 2289037.474918679, -7.548048648007557, 1206.798779749813, 2287830.83684197, 688.5761868732283],
  [
    1841493657156.6943, 15246499284955.2, -0.12872173010055885, 0.1373735832932141, 1841493657156.557,
    0.1373735832931908,
  ],
  [1458745.9497132064, 1458745.949713202, -7.322775567623986, 963.24916669969, 1457782.7005465068, 549.5817488926755],
  [
    316744.2495356803, 2630545.7891660416, -0.12829942986893186, 0.13689330430658808, 316744.112642376,
    0.13689316978100766,
  ],
  [
    3.140046548323264e27, 3.140046548323177e27, -33.714886062510686, 94018683821610.69, 3.14004654832317e27,
    26240846942408.527,
  ],
  [8939852.95698086, 8939849.384775758, -8.229937448664757, 2386.5159047798134, 8937466.44107608, 1361.4708890913437],
  [4392634.85243496, 4396798.224482793, -6.789518883843135, 785.2689595545743, 4391849.583475405, 643.3363574234096],
  [
    1.2364451095438954e-11, 5.249096956109599e16, -2.355538714339722e-28, 2.355538714339722e-28, 1.2364451095438954e-11,
    2.355538714339722e-28,
  ],
  [
    2.8248866874994775e-19, 3746425.6273036688, -7.540216234083226e-26, 7.540214221442125e-26, 2.824885933478055e-19,
    7.540210196162074e-26,
  ],
  [
    5.871762130959592e-17, 2.4136875347356066e25, -2.432693563876229e-42, 2.432693563876229e-42, 5.871762130959592e-17,
    2.432693563876229e-42,
  ],
  [
    4.518420202759868e-7, 0.0011304567803475441, -2.808682240469601e-6, 4.4866693085231694e-7, 3.175089423669866e-9,
    2.6678910771332673e-9,
  ],
  [
    0.052337132122686564, 0.007666837811803298, -0.2287802743100844, 0.05076928914299641, 0.001567842979690158,
    0.001197409707894251,
  ],
  [
    0.002701531015880786, 0.0023051009113726952, -0.014892179586450881, 0.0026674573841915647, 3.4073631689221144e-5,
    2.7941231158950636e-5,
  ],
  [
    4.707365803236984e-13, 7480.912207529149, -6.291661485374095e-17, 6.29082079379994e-17, 4.706736721157604e-13,
    6.28913985986433e-17,
  ],
  [
    4.449855568467286e-8, 0.0005539833050586526, -3.081769661333961e-7, 4.432783081673807e-8, 1.7072486793478996e-10,
    1.461679908014057e-10,
  ],
  [
    0.0657053575586665, 0.38232870677804454, -0.07145931362177677, 0.039337736081366446, 0.026367621477300048,
    0.011896920336138535,
  ],
  [
    3.6453327747450304e-18, 1.1335609139231614e-8, -6.458837560127719e-17, 3.64533204259645e-18, 7.321485807539619e-25,
    6.9082652153637175e-25,
  ],
  [
    1.1514710970494172e-11, 5.263354241533845e-6, -1.333126323068046e-10, 1.1514009298885516e-11, 7.01671608655291e-16,
    6.410692989756396e-16,
  ],
  [
    1.1431251522361615e-15, 1.3617646405982403e-7, -1.7412197554966146e-14, 1.143122781104667e-15,
    2.3711314945463827e-21, 2.215465076229317e-21,
  ],
];

/** [lines, erlangs, ln C] */
export const LN_ERLANG_C: readonly (readonly [number, number, number])[] = [
  [1, 0.5, -0.693147180559945309],
  [5, 4.5, -0.271161661382145785],
  [100, 90, -1.52813224460122004],
  [100, 20, -83.943004648850181],
  [1000, 999, -0.0395319307516986907],
  [10000, 9000, -56.8266885377950613],
  [10000, 9999, -0.0125218193386565612],
  [100000, 99000, -7.10388180245975728],
  [100000, 60000, -11088.3214879662173],
];

/** [lines, blocking, erlangs] */
export const TRAFFIC_FOR_B: readonly (readonly [number, number, number])[] = [
  [1, 0.01, 0.010101010101010101],
  [10, 0.01, 4.46117685757769151],
  [20, 0.01, 12.0306145949009439],
  [50, 0.01, 37.9013980885248999],
  [100, 0.01, 84.0641588939477516],
  [200, 0.01, 179.738024593430139],
  [15, 0.01, 8.10804279718445186],
  [10, 0.9, 98.9022506730600464],
  [1000, 0.000001, 868.798095968224883],
  [10000, 0.01, 10031.2583422923069],
  [100000, 0.001, 99707.962621501981],
];

/** [lines, share that waits, erlangs] */
export const TRAFFIC_FOR_C: readonly (readonly [number, number, number])[] = [
  [5, 0.2, 2.84719629393837587],
  [100, 0.05, 83.3683159688006115],
  [10000, 0.01, 9764.10792511570571],
];

/** [lines, first attempts, share that retries, erlangs with repeats, blocking] */
export const EXTENDED_B: readonly (readonly [number, number, number, number, number])[] = [
  [10, 5, 0.4, 5.03852415035186827, 0.0191147988985911265],
  [10, 20, 0.7, 43.9736482826779722, 0.778831648333922511],
  [100, 100, 0.9, 126.593214130480871, 0.233409159436293879],
  [1000, 990, 1, 1079.69868251637028, 0.0830775140961703226],
  [30, 25, 0, 25.0, 0.0526031722281406173],
];

/** [lines, erlangs, mean, variance] */
export const OVERFLOW: readonly (readonly [number, number, number, number])[] = [
  [10, 10, 2.14582343107347341, 4.36244728062286347],
  [1, 0.001, 9.99000999000999001e-7, 9.99499751122940527e-7],
  [10, 100000, 99990.0001000080005, 99999.9996999559975],
  [100, 50, 8.15159676201824375e-9, 1.6143358225682784e-8],
  [100, 200, 100.96287246021863, 194.718784611733294],
  [1000, 1100, 108.48768665828404, 916.944579433218252],
  [10000, 9500, 0.0000916060102970559647, 0.00182863741643782177],
  [10000, 100000, 90000.1111083677353, 99999.6296555382985],
];

/** [mean, variance, lines, equivalent erlangs, equivalent lines, lost by equivalent random, lost by Hayward] */
export const PEAKED: readonly (readonly [number, number, number, number, number, number, number])[] = [
  [5.0, 10.0, 10, 15.3555505337367109, 11.9148089560261627, 0.0791357139867218984, 0.0697311168135668861],
  [20.0, 50.0, 30, 60.5740100638104139, 42.3914058807318285, 0.0510306657465697365, 0.0514063877123579265],
  [100.0, 150.0, 120, 152.215706526562384, 52.7302906711052937, 0.0128850955799689017, 0.0133837739224404807],
  [2.5, 2.6, 5, 2.69906982169245184, 0.261695735744598239, 0.0747807654550548667, 0.0738982757338319502],
];

/** [capacity, [erlangs, slots] of each class, blocking of each class] */
export const KAUFMAN_ROBERTS: readonly (readonly [
  number,
  readonly (readonly [number, number])[],
  readonly number[],
])[] = [
  [
    20,
    [
      [5, 1],
      [2, 4],
    ],
    [0.0325653412730221168, 0.165651129569846687],
  ],
  [
    30,
    [
      [10, 1],
      [3, 2],
      [1.5, 5],
    ],
    [0.0380749776219247849, 0.0805347369330424929, 0.233200933509899777],
  ],
  [
    48,
    [
      [0.5, 1],
      [1, 6],
      [2, 7],
    ],
    [0.00523551967056992112, 0.0214417873996310325, 0.0296916748712106063],
  ],
  [
    100000,
    [
      [50000, 1],
      [12000, 4],
    ],
    [2.22228538048803826e-7, 8.99889421514779341e-7],
  ],
  [
    10000,
    [
      [9000, 1],
      [300, 6],
    ],
    [0.0438931326370329267, 0.236758086945394132],
  ],
];

/** [capacity, erlangs without reservation, erlangs with, reserved, blocking of each] */
export const RESERVATION: readonly (readonly [number, number, number, number, number, number])[] = [
  [30, 20, 8, 3, 0.0418214775825440042, 0.322861806937239713],
  [1000, 900, 80, 20, 0.0030241423008607932, 0.200720136775466566],
];

/** [shared slots, [erlangs, guaranteed, limit, slots] of each party, blocking of each] */
export const POOLS: readonly (readonly [
  number,
  readonly (readonly [number, number, number | undefined, number])[],
  readonly number[],
])[] = [
  [
    6,
    [
      [4, 3, undefined, 1],
      [8, 5, 9, 1],
      [0.5, 0, undefined, 2],
    ],
    [0.11121093949006101, 0.204643092282937774, 0.284270681796451052],
  ],
  [
    10,
    [
      [20, 4, undefined, 1],
      [3, 3, 3, 1],
      [2, 0, 4, 3],
    ],
    [0.411942339442295992, 0.346153846153846154, 0.830785060190662876],
  ],
  [
    0,
    [
      [5, 7, undefined, 1],
      [2, 2, undefined, 1],
    ],
    [0.120518635073429594, 0.4],
  ],
];

/** Erlang B of whole lines by the recursion of the textbook on 1 / B, scaled where it would leave the range of a double. */
export function blockingByRecursion(lines: number, erlangs: number): { blocking: number; idle: number } {
  let inverse = 1;
  for (let k = 1; k <= lines && inverse < 1e300; k++) inverse = 1 + (k / erlangs) * inverse;
  const blocking = inverse < 1e300 ? 1 / inverse : 0;
  return { blocking, idle: lines - erlangs * (1 - blocking) };
}

/** Erlang B of whole lines as a fraction of whole numbers: A^n/n! over the sum of A^k/k!, with A = numerator / 2^shift. */
export function blockingByFractions(lines: number, erlangs: number): { lost: number; carried: number } {
  const exponent = Math.max(-1074, Math.floor(Math.log2(erlangs)) - 60);
  // The double is a whole number times 2^exponent; both halves of the power are within the range of a double.
  const half = Math.trunc(exponent / 2);
  let numerator = BigInt(Math.round(erlangs / 2 ** half / 2 ** (exponent - half)));
  let denominator = 1n;
  if (exponent > 0) numerator <<= BigInt(exponent);
  else denominator <<= BigInt(-exponent);
  // n! / k! A^k over all k, times denominator^n.
  let term = 1n;
  let sum = 0n;
  const factors: bigint[] = [];
  for (let k = lines; k >= 0; k--) {
    factors.push(term * numerator ** BigInt(k) * denominator ** BigInt(lines - k));
    term *= BigInt(Math.max(1, k));
  }
  for (const factor of factors) sum += factor;
  return { lost: ratio(factors[0]!, sum), carried: ratio(sum - factors[0]!, sum) };
}

function ratio(over: bigint, under: bigint): number {
  if (over === 0n) return 0;
  const digits = under.toString().length - over.toString().length + 20;
  const scaled = digits > 0 ? (over * 10n ** BigInt(digits)) / under : over / under;
  return Number(`${scaled}e-${Math.max(0, digits)}`);
}

/** Relative error, of the logarithm itself where the value is too small for a double. */
export function relativeError(found: number, reference: number): number {
  return Math.abs(found - reference) / Math.abs(reference);
}

/** Relative error of e^found against e^reference; of the logarithms where e^reference is below the smallest double. */
export function relativeErrorOfLn(found: number, reference: number): number {
  return reference > -700 ? Math.abs(Math.expm1(found - reference)) : relativeError(found, reference);
}
