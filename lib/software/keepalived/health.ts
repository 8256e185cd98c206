import type { Cell, SbcHost } from '../../cell/cell.ts';
import { internalPorts } from '../../spec/fixed.ts';

export const healthScriptPath = '/usr/local/lib/cellstamp/kamailio-health';

/**
 * Text of the script with which keepalived watches the host's Kamailio: OPTIONS to a socket that callers use, so that it is
 * the workers who answer. A control command would be answered by another process.
 *
 * keepalived 2.2 starts a script once a second at most, which is too slow, so one run of the script watches for most of a
 * second and ends at once when Kamailio has failed twice.
 */
export function healthScript(cell: Cell, host: SbcHost): string {
  const { udp, tcp } = cell.spec.sbc.transports;
  const target =
    udp !== 'off'
      ? { protocol: 'udp', address: host.floatingSide, port: udp }
      : tcp !== 'off'
        ? { protocol: 'tcp', address: host.floatingSide, port: tcp }
        : { protocol: 'udp', address: host.address, port: internalPorts.sbcReplication };
  const uri = `sip:health@${target.address}:${target.port}`;
  return `#!/usr/bin/perl
# Exit status 0 when Kamailio answers OPTIONS with 200, every 0.2 s for 0.8 s; 1 when it failed two times in a row. While it is
# known to be bad one answer is enough. (Perl because it is part of every Debian system, and because a shell sends and reads
# a datagram in pieces.)
use strict;
use warnings;
use IO::Socket::INET;
use Time::HiRes qw(sleep time);

my $known_good = '/run/keepalived/kamailio-is-good';

sub answers {
    my $socket = IO::Socket::INET->new(
        Proto => '${target.protocol}', PeerAddr => '${target.address}', PeerPort => ${target.port}, Timeout => 1,
    ) or return 0;
    my $call = time . ".$$";
    $socket->send(join "\\r\\n",
        'OPTIONS ${uri} SIP/2.0',
        "Via: SIP/2.0/${target.protocol.toUpperCase()} ${target.address}:9;rport;branch=z9hG4bK$call",
        'Max-Forwards: 1',
        "From: <${uri}>;tag=$call",
        'To: <${uri}>',
        "Call-ID: $call",
        'CSeq: 1 OPTIONS',
        'User-Agent: health',
        'Content-Length: 0',
        '', '') or return 0;
    vec(my $wanted = '', $socket->fileno, 1) = 1;
    return 0 if select($wanted, undef, undef, 0.5) < 1;
    $socket->recv(my $answer, 4096);
    return ($answer // '') =~ m{^SIP/2\\.0 200 };
}

if (!-e $known_good) {
    exit 1 if !answers();
    open(my $file, '>', $known_good) or die "$known_good: $!";
    exit 0;
}

my $failures = 0;
for my $pause (0, 0.2, 0.2, 0.2, 0.2) {
    sleep $pause;
    $failures = answers() ? 0 : $failures + 1;
    next if $failures < 2;
    unlink $known_good;
    exit 1;
}
exit 0;
`;
}
