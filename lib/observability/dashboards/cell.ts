import { cellVariable, inCell, perSecond, relay, sbc, type Dashboard } from './dashboard.ts';

export const cellDashboard: Dashboard = {
  uid: 'cellstamp-cell',
  title: 'Cellstamp: cell',
  what: 'One cell from its calls down to its hosts: what fails, why, and where.',
  variables: [cellVariable],
  rows: [
    {
      title: 'Calls',
      panels: [
        {
          title: 'Calls',
          what: 'As each SBC knows them. The two agree but for the last moment; a lasting difference: replication has stopped.',
          shows: 'lines',
          unit: 'calls',
          queries: [{ promQl: sbc('calls', inCell), legend: '{{cell}} {{host}}' }],
        },
        {
          title: 'Set-ups and answers',
          what: 'Calls admitted by kind, and calls answered.',
          shows: 'lines',
          unit: 'calls/s',
          queries: [
            { promQl: `sum by (cell, kind) (${perSecond(sbc('setups_total', inCell))})`, legend: '{{cell}} {{kind}}' },
            { promQl: `sum by (cell) (${perSecond(sbc('answered_total', inCell))})`, legend: '{{cell}} answered' },
          ],
        },
        {
          title: 'Ends by reason',
          what: 'hung_up, cancelled, no_answer and refused are usual. media_lost and one_sided: calls that lost their audio.',
          shows: 'lines',
          unit: 'calls/s',
          queries: [
            {
              promQl: `sum by (cell, reason) (${perSecond(sbc('ended_total', inCell))})`,
              legend: '{{cell}} {{reason}}',
            },
          ],
        },
        {
          title: 'Refusals by reason',
          what: 'docs/calls.md says which are a tenant’s limit, a mistake or an attack, and which are the cell’s own.',
          shows: 'lines',
          unit: 'calls/s',
          queries: [
            {
              promQl: `sum by (cell, reason) (${perSecond(sbc('rejected_total', inCell))})`,
              legend: '{{cell}} {{reason}}',
            },
          ],
        },
        {
          title: 'Requests dropped without an answer',
          what: 'By reason. A banned source is usual; unproved_edge, stale_proof and replayed_proof are not.',
          shows: 'lines',
          unit: 'messages/s',
          queries: [
            {
              promQl: `sum by (cell, reason) (${perSecond(sbc('dropped_total', inCell))})`,
              legend: '{{cell}} {{reason}}',
            },
          ],
        },
      ],
    },
    {
      title: 'SBCs',
      panels: [
        {
          title: 'Active SBC',
          what: '1 for the one that has the floating addresses.',
          shows: 'lines',
          unit: 'count',
          queries: [{ promQl: sbc('active', inCell), legend: '{{cell}} {{host}}' }],
        },
        {
          title: 'Pages that answer',
          what: '1 while the page of a program is scraped.',
          shows: 'lines',
          unit: 'count',
          queries: [{ promQl: `up{${inCell}}`, legend: '{{cell}} {{host}} {{job}}' }],
        },
        {
          title: 'Registered contacts',
          what: 'Both SBCs know all of them.',
          shows: 'lines',
          unit: 'count',
          queries: [{ promQl: sbc('contacts', inCell), legend: '{{cell}} {{host}}' }],
        },
        {
          title: 'Age of the tables',
          what: 'Half a minute is usual. It rises while the database does not answer; calls go on.',
          shows: 'lines',
          unit: 'seconds',
          queries: [{ promQl: sbc('tables_age_seconds', inCell), legend: '{{cell}} {{host}}' }],
        },
        {
          title: 'Records that wait',
          what: 'For Redis. They rise while it does not answer, and are lost when the queue is full.',
          shows: 'lines',
          unit: 'count',
          queries: [{ promQl: sbc('records_waiting', inCell), legend: '{{cell}} {{host}}' }],
        },
        {
          title: 'Records by step',
          what: 'Queued and sent go together. lost is never anything but 0.',
          shows: 'lines',
          unit: 'messages/s',
          queries: [
            { promQl: `sum by (cell, step) (${perSecond(sbc('records_total', inCell))})`, legend: '{{cell}} {{step}}' },
          ],
        },
      ],
    },
    {
      title: 'Media hosts',
      panels: [
        {
          title: 'Calls by media host',
          what: 'As the relays count them. Hosts of one pool have about as many.',
          shows: 'lines',
          unit: 'calls',
          queries: [{ promQl: relay('sessions', inCell, 'type="own"'), legend: '{{cell}} {{host}}' }],
        },
        {
          title: 'Media hosts without new calls',
          what: '1 while a host is drained, or gets none because the probe hears nothing there.',
          shows: 'lines',
          unit: 'count',
          queries: [
            {
              promQl: `max by (cell, media) (${sbc('media_host_drained', inCell)})`,
              legend: '{{cell}} {{media}} drained',
            },
            {
              promQl: `max by (cell, media) (${sbc('media_host_silent', inCell)})`,
              legend: '{{cell}} {{media}} silent',
            },
          ],
        },
        {
          title: 'Packets by way',
          what: 'kernel is what media hosts are made for; userspace takes a processor for about a thousand calls.',
          shows: 'lines',
          unit: 'messages/s',
          queries: [
            {
              promQl: `sum by (cell, host, type) (${perSecond(relay('packets_total', inCell))})`,
              legend: '{{cell}} {{host}} {{type}}',
            },
          ],
        },
        {
          title: 'Offers that a relay did not take',
          what: 'By media host: it is full, dead, or cut off.',
          shows: 'lines',
          unit: 'messages/s',
          queries: [
            {
              promQl: `sum by (cell, media) (${perSecond(sbc('media_failures_total', inCell))})`,
              legend: '{{cell}} {{media}}',
            },
          ],
        },
      ],
    },
    {
      title: 'Probe',
      panels: [
        {
          title: 'What the probe finds',
          what: '1 well, 0 not: calls through each media host, the SBC itself, records, the database.',
          shows: 'lines',
          unit: 'count',
          queries: [{ promQl: sbc('probe_good', inCell), legend: '{{cell}} {{host}} {{part}}' }],
        },
        {
          title: 'Age of what it says',
          what: 'A probe speaks every two seconds.',
          shows: 'lines',
          unit: 'seconds',
          queries: [{ promQl: sbc('probe_age_seconds', inCell), legend: '{{cell}} {{host}}' }],
        },
        {
          title: 'Bad calls of the last hour',
          what: 'Calls that the cell turned away by its own fault, or that lost their audio, of all calls.',
          shows: 'lines',
          unit: 'share',
          queries: [
            {
              promQl: `cellstamp:calls_bad:1h{${inCell}} / (cellstamp:calls_all:1h{${inCell}} > 0)`,
              legend: '{{cell}}',
            },
          ],
        },
      ],
    },
  ],
};
