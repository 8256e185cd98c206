/** Who is given a relay's address, and by whom: the rules of the lease, with a clock that the test turns. */
import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { relays } from '../../lib/software/program-texts.ts';
import { describeWith } from '../requirements.ts';

/** What a script prints, as JSON, with the program's own classes. `clock[0]` is the time. */
function told(script: string): unknown {
  const text = `${relays.replace(/if __name__ == "__main__":[^]*$/, '')}
clock = [100.0]
now = lambda: clock[0]
wire = Wire("secret")
grantor = Grantor({"name": "sbc-1", "grants": {"1": ["media-1", "media-2"]}}, wire)
def ask(sender, op="renew", relay=1, to="sbc-1", **more):
    """As an asker does: again with the challenge that it is told."""
    message = {"from": sender, "to": to, "op": op, "relay": relay, "nonce": "n", "run": "r", **more}
    answer = grantor.answer(message)
    if answer and answer.get("again"):
        answer = grantor.answer({**message, "challenge": answer["challenge"]})
    return answer and answer["ok"]
said = []
${script}
print(json.dumps(said))`;
  return JSON.parse(execFileSync('python3', ['-c', text], { encoding: 'utf8' }));
}

describeWith(['debian-packages'], 'a grantor', () => {
  it('gives its word to one host, until that one’s lease has run down or is given back', () => {
    expect(
      told(`clock[0] += 1
said += [ask("media-1"), ask("media-2")]
clock[0] += 0.9
said += [ask("media-2"), ask("media-1")]
clock[0] += 0.9
said += [ask("media-2")]
clock[0] += 0.2
said += [ask("media-2"), ask("media-1")]
said += [ask("media-1", "release"), ask("media-1"), ask("media-2", "release"), ask("media-1")]`),
    ).toEqual([true, false, false, true, false, true, false, true, false, true, true]);
  });

  it('gives it to one machine at a time of those that are the same host', () => {
    expect(
      told(`clock[0] += 1
said += [ask("media-1", at="10.0.0.1"), ask("media-1", at="10.0.0.2"), ask("media-1", "release", at="10.0.0.2")]
said += [ask("media-1", at="10.0.0.2"), ask("media-1", "release", at="10.0.0.1"), ask("media-1", at="10.0.0.2")]`),
    ).toEqual([true, false, true, false, true, true]);
  });

  it('gives it to nobody in the second after its start: what it promised before it does not know', () => {
    expect(
      told(`said += [ask("media-1")]
clock[0] += 0.9
said += [ask("media-2")]
clock[0] += 0.2
said += [ask("media-2")]`),
    ).toEqual([false, false, true]);
  });

  it('takes an ask once, and only one that a host of the relay has made for it', () => {
    expect(
      told(`clock[0] += 1
ask("media-2", "release")
recorded = {"from": "media-1", "to": "sbc-1", "op": "renew", "relay": 1, "nonce": "n", "run": "r"}
recorded["challenge"] = grantor.answer(recorded)["challenge"]
said += [grantor.answer(recorded)["ok"]]
clock[0] += 2
said += [grantor.answer(recorded)["ok"], grantor.holder(1)]
said += [ask("media-3"), ask("media-1", relay=2), ask("media-1", to="sbc-2")]`),
    ).toEqual([true, false, null, null, null, null]);
  });

  it('hears nobody who does not have the cell’s key', () => {
    expect(
      told(`message = {"from": "media-1"}
said += [wire.unpack(wire.pack(message)), wire.unpack(Wire("other").pack(message)), wire.unpack(b"short")]
said += [wire.unpack(wire.pack(message)[:-1] + b"!")]`),
    ).toEqual([{ from: 'media-1' }, null, null, null]);
  });
});

describeWith(['debian-packages'], 'the two hosts of a relay', () => {
  it('never both have enough words, whoever is lost or cut off', () => {
    // Each grantor says yes to one of the two hosts, or to none: all 27 ways.
    const both = told(`import itertools
def host(home, peer):
    relay = Relay.__new__(Relay)
    relay.home, relay.peer, relay.sbcs = home, peer, {"sbc-1": 0, "sbc-2": 0}
    return relay
home, other = host(True, "media-2"), host(False, "media-1")
for words in itertools.product(["media-1", "media-2", None], repeat=3):
    given = dict(zip(["sbc-1", "sbc-2", "media-2"], words))
    at_home = home.enough({name: {"ok": word == "media-1"} for name, word in given.items()})
    # The neighbour asks itself first.
    elsewhere = given["media-2"] == "media-2" and other.enough({name: {"ok": word == "media-2"} for name, word in given.items() if name != "media-2"})
    said.append([at_home, elsewhere])`) as readonly (readonly [boolean, boolean])[];
    expect(both).toHaveLength(27);
    expect(both.filter(([home, other]) => home && other)).toEqual([]);
    expect(both.filter(([home]) => home)).not.toHaveLength(0);
    expect(both.filter(([, other]) => other)).not.toHaveLength(0);
  });

  it('agree that the neighbour goes first with calls that the home host has lost', () => {
    expect(
      told(`relay = Relay.__new__(Relay)
relay.home, relay.holding, relay.copied, relay.run_of_home, relay.insists = False, False, "run 1", None, None
grantor.relays = {1: relay}
clock[0] += 1
relay.answered = clock[0]
said += [ask("media-1", "take", run="run 2"), ask("media-1", "take", run="run 1"), ask("media-1", "release")]
# One that can't take it does not keep the home host off: its rtpengine does not answer, or nobody gives it a word.
clock[0] += 1
said += [ask("media-1", "take", run="run 2"), ask("media-1", "release")]
relay.answered = clock[0]
said += [ask("media-1", "take", run="run 2")]
clock[0] += 5
relay.answered = clock[0]
said += [ask("media-1", "take", run="run 2")]`),
    ).toEqual([false, true, true, true, true, false, true]);
  });

  it('agree that a copy counts for nothing once it is old, while the home host goes on', () => {
    expect(
      told(`relay = Relay.__new__(Relay)
relay.number, relay.peer, relay.peer_redis, relay.grantor = 1, "media-1", ("10.0.0.1", 6392), grantor
relay.settled, relay.copied, relay.copied_at = clock[0], "run 1", clock[0]
for seconds in (1, 28, 2):
    clock[0] += seconds
    grantor.grant(1, "media-1", "10.0.0.1")
    relay.wait_as_neighbour({"role": "slave", "master_host": "10.0.0.1", "master_link_status": "down"})
    said.append(relay.copied)`),
    ).toEqual(['run 1', 'run 1', null]);
  });
});
