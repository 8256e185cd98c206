/** Asking Kamailio's workers from its own host, as a client would. */

export interface SipSocket {
  readonly protocol: 'udp' | 'tcp';
  readonly address: string;
  readonly port: number;
}

/**
 * Text of a Perl function `answers(SECONDS)` with the status of the answer to OPTIONS at a socket, 0 if there is none within that time. An edge
 * that is drained answers 503.
 */
export function optionsFunction({ protocol, address, port }: SipSocket): string {
  // Without a user: an edge hands on what is for one.
  const uri = `sip:${address}:${port}`;
  return String.raw`use IO::Socket::INET;

sub answers {
    my $patience = shift;
    my $socket = IO::Socket::INET->new(
        Proto => '${protocol}', PeerAddr => '${address}', PeerPort => ${port}, Timeout => 1,
    ) or return 0;
    my $call = time . ".$$";
    $socket->send(join "\r\n",
        'OPTIONS ${uri} SIP/2.0',
        "Via: SIP/2.0/${protocol.toUpperCase()} ${address}:9;rport;branch=z9hG4bK$call",
        'Max-Forwards: 1',
        "From: <${uri}>;tag=$call",
        'To: <${uri}>',
        "Call-ID: $call",
        'CSeq: 1 OPTIONS',
        'User-Agent: health',
        'Content-Length: 0',
        '', '') or return 0;
    vec(my $wanted = '', $socket->fileno, 1) = 1;
    return 0 if select($wanted, undef, undef, $patience) < 1;
    $socket->recv(my $answer, 4096);
    return ($answer // '') =~ m{^SIP/2\.0 (\d{3}) } ? $1 : 0;
}
`;
}

/**
 * Text of the program that fails when neither of two OPTIONS is answered: one datagram may be lost. With an argument it takes only an answer of
 * that status.
 */
export function optionsProgram(socket: SipSocket): string {
  return String.raw`#!/usr/bin/perl
# kamailio-answers [STATUS]: exit status 0 when Kamailio's workers answer OPTIONS, with that status if it is given; else it says what is
# wrong.
use strict;
use warnings;
use Time::HiRes qw(time);
${optionsFunction(socket)}
my $wanted = shift;
my $status = 0;
for (1, 2) {
    $status = answers(($ENV{ANSWER_WITHIN} // 0.9) * 0.45) or next;
    exit 0 if !defined $wanted || $status == $wanted;
}
print $status
    ? "its workers answer OPTIONS with $status, not $wanted\n"
    : "its workers do not answer OPTIONS at ${socket.protocol}:${socket.address}:${socket.port}\n";
exit 1;
`;
}
