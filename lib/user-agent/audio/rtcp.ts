/** What a receiver tells about one source (RFC 3550 section 6.4.1). */
export interface ReceptionReport {
  readonly ssrc: number;
  /** Share lost since the last report, 0 to 1. */
  readonly fractionLost: number;
  readonly lost: number;
  /** Highest sequence number with its cycles. */
  readonly highestSequence: number;
  /** In samples. */
  readonly jitter: number;
  /** Middle 32 bits of the NTP time of the last sender report that came, 0 if none. */
  readonly lastReport: number;
  /** Seconds since it came. */
  readonly sinceLastReport: number;
}

export interface SenderReport {
  readonly ssrc: number;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly rtpTimestamp: number;
  readonly packets: number;
  readonly octets: number;
  readonly report: ReceptionReport | undefined;
  /** Canonical name: who sends (section 6.5.1). */
  readonly cname: string;
}

const SENDER_REPORT = 200;
const SOURCE_DESCRIPTION = 202;
const CNAME = 1;

/** Seconds from 1900, where NTP begins, to 1970. */
const NTP_EPOCH = 2_208_988_800;

/** A compound packet: sender report and the CNAME that every compound packet must carry (section 6.1). */
export function formatSenderReport(sender: SenderReport): Buffer {
  const report = Buffer.alloc(28 + (sender.report === undefined ? 0 : 24));
  report[0] = 0x80 | (sender.report === undefined ? 0 : 1);
  report[1] = SENDER_REPORT;
  report.writeUInt16BE(report.length / 4 - 1, 2);
  report.writeUInt32BE(sender.ssrc, 4);
  const seconds = sender.time / 1000 + NTP_EPOCH;
  report.writeUInt32BE(Math.floor(seconds) % 2 ** 32, 8);
  report.writeUInt32BE(Math.floor((seconds % 1) * 2 ** 32), 12);
  report.writeUInt32BE(sender.rtpTimestamp, 16);
  report.writeUInt32BE(sender.packets, 20);
  report.writeUInt32BE(sender.octets, 24);
  if (sender.report !== undefined) writeReceptionReport(report, sender.report);
  return Buffer.concat([report, formatCname(sender.ssrc, sender.cname)]);
}

function writeReceptionReport(bytes: Buffer, report: ReceptionReport): void {
  bytes.writeUInt32BE(report.ssrc, 28);
  bytes.writeUInt8(Math.min(255, Math.floor(report.fractionLost * 256)), 32);
  bytes.writeIntBE(Math.min(report.lost, 0x7fffff), 33, 3);
  bytes.writeUInt32BE(report.highestSequence >>> 0, 36);
  bytes.writeUInt32BE(Math.floor(report.jitter), 40);
  bytes.writeUInt32BE(report.lastReport, 44);
  bytes.writeUInt32BE(report.lastReport === 0 ? 0 : Math.floor(report.sinceLastReport * 65536) >>> 0, 48);
}

function formatCname(ssrc: number, cname: string): Buffer {
  const name = Buffer.from(cname, 'utf8').subarray(0, 255);
  // A chunk ends with at least one zero and is filled up to a whole word.
  const bytes = Buffer.alloc(Math.ceil((8 + 2 + name.length + 1) / 4) * 4);
  bytes[0] = 0x81;
  bytes[1] = SOURCE_DESCRIPTION;
  bytes.writeUInt16BE(bytes.length / 4 - 1, 2);
  bytes.writeUInt32BE(ssrc, 4);
  bytes[8] = CNAME;
  bytes[9] = name.length;
  name.copy(bytes, 10);
  return bytes;
}

/** Middle 32 bits of the NTP time of a compound packet's sender report; undefined when it does not begin with one. */
export function senderReportTime(bytes: Buffer): number | undefined {
  return bytes.length >= 28 && bytes[1] === SENDER_REPORT ? bytes.readUInt32BE(10) : undefined;
}
