import type { CodecName } from '../sip/sdp.ts';

/** Samples a second of G.711. */
export const SAMPLE_RATE = 8000;

/** What each of the 256 codes stands for, as a 16-bit sample (ITU-T G.711 tables 1 and 2, scaled to 16 bits). */
export const DECODED: Readonly<Record<CodecName, Int16Array>> = {
  PCMU: Int16Array.from({ length: 256 }, (_, code) => decodeMuLaw(code)),
  PCMA: Int16Array.from({ length: 256 }, (_, code) => decodeALaw(code)),
};

function decodeMuLaw(code: number): number {
  const inverted = ~code & 0xff;
  const segment = (inverted >> 4) & 0x07;
  const magnitude = ((((inverted & 0x0f) << 3) + 0x84) << segment) - 0x84;
  return (inverted & 0x80) === 0 ? magnitude : -magnitude;
}

function decodeALaw(code: number): number {
  const toggled = code ^ 0x55;
  const segment = (toggled >> 4) & 0x07;
  const step = (toggled & 0x0f) << 4;
  const magnitude = segment === 0 ? step + 0x08 : (step + 0x108) << (segment - 1);
  return (toggled & 0x80) === 0 ? -magnitude : magnitude;
}

/** Each law's codes in the order of their samples. */
const ORDERED: Readonly<Record<CodecName, readonly number[]>> = { PCMU: order('PCMU'), PCMA: order('PCMA') };

function order(codec: CodecName): number[] {
  const sampleOf = (code: number) => DECODED[codec][code] ?? 0;
  return Array.from({ length: 256 }, (_, code) => code).sort((one, other) => sampleOf(one) - sampleOf(other));
}

/** The code whose sample is nearest. */
export function encode(codec: CodecName, sample: number): number {
  const codes = ORDERED[codec];
  const distance = (at: number) => Math.abs((DECODED[codec][codes[at] ?? 0] ?? 0) - sample);
  let low = 0;
  let high = codes.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((DECODED[codec][codes[middle] ?? 0] ?? 0) <= sample) low = middle;
    else high = middle;
  }
  return codes[distance(low) <= distance(high) ? low : high] ?? 0;
}
