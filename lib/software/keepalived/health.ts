import type { Cell, SbcHost } from '../../fleet/derive/cell.ts';
import { optionsFunction } from '../kamailio/common/options.ts';
import { sbcAnswersAt } from '../kamailio/sbc/sockets.ts';

export const healthScriptPath = '/usr/local/lib/cellstamp/kamailio-health';

/** As old as the last run of the script, which keepalived starts every second. */
export const askedPath = '/run/keepalived/kamailio-was-asked';

/**
 * Text of the script with which keepalived watches the host's Kamailio: OPTIONS to a socket that callers use, so that it is
 * the workers who answer. A control command would be answered by another process.
 *
 * keepalived 2.2 starts a script once a second at most, which is too slow, so one run of the script watches for most of a
 * second and ends at once when Kamailio has failed twice.
 */
export function healthScript(cell: Cell, host: SbcHost): string {
  return `#!/usr/bin/perl
# Exit status 0 when Kamailio answers OPTIONS with 200, every 0.2 s for 0.8 s; 1 when it failed two times in a row. While it is
# known to be bad one answer is enough. (Perl because it is part of every Debian system, and because a shell sends and reads
# a datagram in pieces.)
use strict;
use warnings;
use Time::HiRes qw(sleep time);

my $known_good = '/run/keepalived/kamailio-is-good';

${optionsFunction(sbcAnswersAt(cell, host))}
# That it is asked at all is how keepalived shows that it works.
open(my $asked, '>', '${askedPath}') or die "${askedPath}: $!";
close $asked;

if (!-e $known_good) {
    exit 1 if answers(0.5) != 200;
    open(my $file, '>', $known_good) or die "$known_good: $!";
    exit 0;
}

my $failures = 0;
for my $pause (0, 0.2, 0.2, 0.2, 0.2) {
    sleep $pause;
    $failures = answers(0.5) == 200 ? 0 : $failures + 1;
    next if $failures < 2;
    unlink $known_good;
    exit 1;
}
exit 0;
`;
}
