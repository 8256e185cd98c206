import { internalPorts } from '../../fleet/schema/fixed.ts';
import { selfAddress } from '../kamailio/sbc/call-entry.ts';

/** Run before keepalived is ended on purpose: the active SBC takes no new calls then, and the other one knows all that it has taken. */
export const leaveScriptPath = '/usr/local/lib/cellstamp/sbc-leave';

/** How long the other SBC may take to say that it knows them. Longer than that new calls should not wait. */
export const leaveSeconds = 1;

/** Text of the script. Kamailio's part is LEAVE in its section "Replication". */
export const leaveScript = String.raw`#!/usr/bin/perl
# sbc-leave: has the active SBC take no new calls for its last moments, and waits until the other SBC knows all that it has taken. On the
# standby it does nothing.
use strict;
use warnings;
use IO::Socket::INET;
use Time::HiRes qw(sleep time);

my $self = '${selfAddress}:${internalPorts.sbcSelf}';
my $socket = IO::Socket::INET->new(Proto => 'udp', PeerAddr => $self) or die "sbc-leave: $!\n";
my $until = time + ${leaveSeconds};
for (my $n = 1; time < $until; $n++) {
    $socket->send(join "\r\n",
        "NOTIFY sip:LEAVE\@$self SIP/2.0",
        "Via: SIP/2.0/UDP $self;rport;branch=z9hG4bKleave$$.$n",
        'Max-Forwards: 1',
        "From: <sip:vrrp\@$self>;tag=$$",
        "To: <sip:$self>",
        "Call-ID: leave-$$",
        "CSeq: $n NOTIFY",
        'Content-Length: 0',
        '', '');
    vec(my $wanted = '', $socket->fileno, 1) = 1;
    if (select($wanted, undef, undef, 0.1) > 0) {
        $socket->recv(my $answer, 4096);
        exit 0 if ($answer // '') =~ m{^SIP/2\.0 200 };
    }
    sleep 0.01;
}
print "sbc-leave: the other SBC has not said within ${leaveSeconds} s that it knows all calls\n";
exit 1;
`;
