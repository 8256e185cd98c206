import { noTrunk } from '../kamailio-pages.ts';
import { cellVariable, delayBuckets, inCell, perSecond, sbc, type Dashboard, type Panel } from './dashboard.ts';

const ofTrunk = 'trunk=~"$trunk"';

const audio = (title: string, name: string, unit: Panel['unit'], what: string): Panel => ({
  title,
  what,
  shows: 'lines',
  unit,
  queries: [
    { promQl: `cellstamp:pool_${name}:1h{${inCell}}`, legend: '{{cell}} pool {{pool}}' },
    { promQl: `cellstamp:host_${name}:1h{${inCell}}`, legend: '{{cell}} {{host}}' },
  ],
});

export const callQualityDashboard: Dashboard = {
  uid: 'cellstamp-call-quality',
  title: 'Cellstamp: call quality',
  what: 'Whether calls get through, how long callers wait, and how they sound: by cell, trunk, pool and media host. Figures of a tenant are in the call records.',
  variables: [cellVariable, { name: 'trunk', title: 'Trunk', of: sbc('trunk_calls', inCell) }],
  rows: [
    {
      title: 'Do calls get through?',
      panels: [
        {
          title: 'Answered and effective calls',
          what: 'Answer-seizure ratio and network effectiveness ratio of ITU-T E.425, over an hour. Only the second one is the network’s.',
          shows: 'lines',
          unit: 'share',
          queries: [
            { promQl: `cellstamp:answer_seizure_ratio:1h{${inCell}}`, legend: '{{cell}} answered' },
            { promQl: `cellstamp:network_effectiveness_ratio:1h{${inCell}}`, legend: '{{cell}} effective' },
          ],
        },
        {
          title: 'Effective calls by trunk',
          what: 'A trunk below the others refuses calls or says nothing; calls go on to the tenant’s next trunk.',
          shows: 'lines',
          unit: 'share',
          queries: [
            {
              promQl: `cellstamp:trunk_network_effectiveness_ratio:1h{${inCell}, ${ofTrunk}}`,
              legend: '{{cell}} {{trunk}}',
            },
          ],
        },
        {
          title: 'Answered calls by trunk',
          what: 'One carrier far below the others may answer with announcements, or terminate somewhere else.',
          shows: 'lines',
          unit: 'share',
          queries: [
            { promQl: `cellstamp:trunk_answer_seizure_ratio:1h{${inCell}, ${ofTrunk}}`, legend: '{{cell}} {{trunk}}' },
          ],
        },
        {
          title: 'Outcomes',
          what: `What became of calls, by trunk; ${noTrunk} are those that did not leave by one.`,
          shows: 'lines',
          unit: 'calls/s',
          queries: [
            {
              promQl: `sum by (cell, outcome, trunk) (${perSecond(sbc('seizures_total', inCell))})`,
              legend: '{{cell}} {{trunk}} {{outcome}}',
            },
          ],
        },
        {
          title: 'How full the trunks are',
          what: 'Calls of what the trunk’s limit allows. At 100 % calls get 486 or go to the next trunk.',
          shows: 'lines',
          unit: 'share',
          queries: [
            {
              promQl: `max by (cell, trunk) (${sbc('trunk_calls', inCell, ofTrunk)}) / on (cell, trunk) cellstamp:trunk_calls_limit`,
              legend: '{{cell}} {{trunk}}',
            },
          ],
        },
      ],
    },
    {
      title: 'How long does the caller wait?',
      panels: [
        {
          title: 'Post-dial delay',
          what: 'From INVITE to ringing or answer, over an hour: the mean, and what 95 % of calls do not exceed. ITU-T E.721 allows 6 s for local, 8 s for toll and 11 s for international calls.',
          shows: 'lines',
          unit: 'seconds',
          queries: [
            { promQl: `cellstamp:post_dial_delay:1h{${inCell}}`, legend: '{{cell}} mean' },
            { promQl: `cellstamp:post_dial_delay_p95:1h{${inCell}}`, legend: '{{cell}} 95 %' },
          ],
        },
        {
          title: 'Post-dial delay by trunk',
          what: 'What 95 % of its calls do not exceed, over an hour.',
          shows: 'lines',
          unit: 'seconds',
          queries: [
            { promQl: `cellstamp:trunk_post_dial_delay_p95:1h{${inCell}, ${ofTrunk}}`, legend: '{{cell}} {{trunk}}' },
          ],
        },
        {
          title: 'Calls that waited for at most',
          what: 'Milliseconds. The distance of two lines is what waited for longer than the one and not longer than the other.',
          shows: 'lines',
          unit: 'calls/s',
          queries: [{ promQl: `sum by (le) (${perSecond(delayBuckets(inCell))})`, legend: '{{le}}' }],
        },
      ],
    },
    {
      title: 'How do calls sound?',
      panels: [
        audio(
          'Mean opinion score',
          'mean_opinion_score',
          'MOS',
          'As rtpengine estimates it from RTCP, over an hour. 4 and more is good; below 3.6 many callers complain.',
        ),
        audio('Jitter', 'jitter', 'seconds', 'Of calls that ended, over an hour. Phones even out 20 to 50 ms.'),
        audio('Packet loss', 'packet_loss', 'share', 'Of calls that ended, over an hour. More than 1 % is heard.'),
        audio(
          'One-way calls',
          'one_way_share',
          'share',
          'Calls in which one side alone sent audio. Beside some that were too short: a NAT, or a firewall.',
        ),
        {
          title: 'Calls that lost their audio',
          what: 'Ended by the cell because a side, or both, sent nothing any more.',
          shows: 'lines',
          unit: 'calls/s',
          queries: [
            {
              promQl: `sum by (cell, reason) (${perSecond(sbc('ended_total', inCell, 'reason=~"media_lost|one_sided"'))})`,
              legend: '{{cell}} {{reason}}',
            },
          ],
        },
      ],
    },
  ],
};
