/** What the watch makes of a relay's answer, in the shapes that no phone of ours sends. */
import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { calls } from '../../lib/software/program-texts.ts';
import { describeWith } from '../requirements.ts';

interface Media {
  readonly type?: string;
  readonly flags?: readonly string[];
  /** Seconds of the relay's clock. */
  readonly last: number;
  readonly packets?: number;
}

const media = ({ type = 'audio', flags = ['initialized', 'send', 'recv'], last, packets = 50 }: Media) => ({
  type,
  flags,
  streams: [
    { 'last packet': last, flags: ['RTP', 'filled'], stats: { packets } },
    { 'last packet': 1000, flags: ['RTCP', 'filled'], stats: { packets: 0 } },
  ],
});
/** An answer to `query`: the caller speaks until 2000, and the last offer or answer came at 1000. */
const answer = (callee: readonly Media[], caller: readonly Media[] = [{ last: 2000 }]) => ({
  result: 'ok',
  'last signal': 1000,
  tags: {
    caller: { subscriptions: [{ tag: 'callee' }], medias: caller.map(media) },
    callee: { subscriptions: [{ tag: 'caller' }], medias: callee.map(media) },
    // Another phone at which it rang.
    other: { subscriptions: [], medias: [media({ last: 1000, packets: 0 })] },
  },
});

/** Which side it takes for silent, and for how long, of a call with 300 s; asked about it once for each answer. */
function judge(answers: readonly unknown[], kind = 'user'): unknown {
  const script = `import json, sys
${calls.replace(/if __name__ == "__main__":[^]*$/, '')}
class Asked:
    name, callee_tag, one_sided, kind = "name", "callee", 300, ${JSON.stringify(kind)}
watch = Watch()
for answer in json.load(sys.stdin):
    found = watch.silent_side(Asked, answer)
print(json.dumps(found))`;
  return JSON.parse(execFileSync('python3', ['-c', script], { input: JSON.stringify(answers), encoding: 'utf8' }));
}

describeWith(['debian-packages'], 'a side is silent', () => {
  it('that has sent nothing for the time', () => {
    expect(judge([answer([{ last: 1700 }])])).toEqual(['callee', 300]);
    expect(judge([answer([{ last: 2000 }], [{ last: 1650 }])])).toEqual(['caller', 350]);
    expect(judge([answer([{ last: 1701 }])])).toBeNull();
  });

  it('not if it shows a picture, or takes or sends a fax', () => {
    expect(judge([answer([{ last: 1100 }, { type: 'video', last: 1990 }])])).toBeNull();
    expect(judge([answer([{ last: 1100 }, { type: 'video', last: 1100 }])])).toEqual(['callee', 900]);
    expect(judge([answer([{ type: 'image', last: 1100 }], [{ type: 'image', last: 2000 }])])).toBeNull();
    expect(judge([answer([{ last: 1100 }, { type: 'image', last: 1100 }])])).toBeNull();
  });

  it('not on hold, whoever holds and however it says so', () => {
    for (const flags of [['send'], ['recv'], []]) {
      expect(judge([answer([{ last: 1100, flags }])])).toBeNull();
      expect(judge([answer([{ last: 1100 }], [{ last: 2000, flags }])])).toBeNull();
    }
  });

  it('only from the end of a hold on, and a session that is refreshed does not count again', () => {
    const silent = (signal: number, flags = ['send', 'recv']) => ({
      ...answer([{ last: 1100, flags }]),
      'last signal': signal,
    });
    expect(judge([silent(1750)])).toBeNull();
    expect(judge([silent(1100), silent(1750)])).toEqual(['callee', 900]);
    expect(judge([silent(1100), silent(1200, ['send']), silent(1750)])).toBeNull();
  });

  it('not if it is FreeSWITCH, which records', () => {
    expect(judge([answer([{ last: 1100 }])], 'feature')).toBeNull();
    expect(judge([answer([{ last: 2000 }], [{ last: 1100 }])], 'feature')).toEqual(['caller', 900]);
  });

  it('not of a call whose two sides the relay does not have', () => {
    const { tags, ...rest } = answer([{ last: 1100 }]);
    expect(judge([{ ...rest, tags: { caller: tags.caller } }])).toBeNull();
    expect(judge([{ ...rest, tags: { ...tags, callee: { ...tags.callee, subscriptions: [] } } }])).toBeNull();
    expect(judge([{ result: 'error', 'error-reason': 'Unknown call-id' }])).toBeNull();
  });
});

/** After which of the looks at a session that no call has it is deleted: each a time, and what the relay has heard by then. */
function deleted(looks: readonly { at: number; signal?: number; rtp?: number; rtcp?: number }[]): unknown {
  const script = `import json, sys
${calls.replace(/if __name__ == "__main__":[^]*$/, '')}
strays = Strays(60)
answer = lambda look: {"last signal": look.get("signal", 0), "totals": {"RTP": {"packets": look.get("rtp", 0)}, "RTCP": {"packets": look.get("rtcp", 0)}}}
print(json.dumps([look["at"] for look in json.load(sys.stdin) if strays.look(1, "name", answer(look), look["at"])]))`;
  return JSON.parse(execFileSync('python3', ['-c', script], { input: JSON.stringify(looks), encoding: 'utf8' }));
}

describeWith(['debian-packages'], 'a session that no call has', () => {
  it('is deleted when nothing was heard of it for the time', () => {
    expect(deleted([{ at: 10 }, { at: 69 }, { at: 70 }])).toEqual([70]);
  });

  it('is not while a party sends, RTP or RTCP alone, or an SBC speaks of it', () => {
    expect(deleted([{ at: 10 }, { at: 60, rtp: 1 }, { at: 119, rtp: 1 }, { at: 120, rtp: 1 }])).toEqual([120]);
    expect(deleted([{ at: 10 }, { at: 60, rtcp: 1 }, { at: 119, rtcp: 1 }])).toEqual([]);
    expect(deleted([{ at: 10 }, { at: 60, signal: 1 }, { at: 119, signal: 1 }])).toEqual([]);
  });
});
