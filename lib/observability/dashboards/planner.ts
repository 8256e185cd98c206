import { cellVariable, inCell, perSecond, relay, sbc, type Dashboard } from './dashboard.ts';

const calls = `max by (cell) (${sbc('calls', inCell)})`;
const setups = `sum by (cell) (${perSecond(sbc('setups_total', inCell))})`;

export const plannerDashboard: Dashboard = {
  uid: 'cellstamp-planner',
  title: 'Cellstamp: planner',
  what: 'What `npx cellstamp plan` asks Prometheus for, and how full cells are: look here at a plan that surprises.',
  variables: [cellVariable],
  rows: [
    {
      title: 'How full are the cells?',
      panels: [
        {
          title: 'Media hosts',
          what: 'Calls of what they relay with one of them lost.',
          shows: 'lines',
          unit: 'share',
          queries: [{ promQl: `${calls} / on (cell) cellstamp:calls_limit`, legend: '{{cell}}' }],
        },
        {
          title: 'Set-ups',
          what: 'Calls admitted, of what the cell admits in a second.',
          shows: 'lines',
          unit: 'share',
          queries: [{ promQl: `${setups} / on (cell) cellstamp:setups_limit`, legend: '{{cell}}' }],
        },
        {
          title: 'Calls refused for lack of room',
          what: 'The cell’s rate, its media hosts, or the part that tenants share are full: stamp a cell, or move tenants.',
          shows: 'lines',
          unit: 'calls/s',
          queries: [
            {
              promQl: `sum by (cell, reason) (${perSecond(sbc('rejected_total', inCell, 'reason=~"cell_rate|no_media_host|shared_calls"'))})`,
              legend: '{{cell}} {{reason}}',
            },
          ],
        },
      ],
    },
    {
      title: 'What the planner measures',
      panels: [
        {
          title: 'Calls by the SBCs and by the relays',
          what: 'The two agree. Where they differ by more than a little, the plan says that they contradict each other, and changes nothing there.',
          shows: 'lines',
          unit: 'calls',
          queries: [
            { promQl: calls, legend: '{{cell}} SBCs' },
            { promQl: `sum by (cell) (${relay('sessions', inCell, 'type="own"')})`, legend: '{{cell}} relays' },
          ],
        },
        {
          title: 'Set-ups in a second',
          what: 'Its busy hour is what a cell is sized for.',
          shows: 'lines',
          unit: 'calls/s',
          queries: [{ promQl: setups, legend: '{{cell}}' }],
        },
        {
          title: 'Registered contacts',
          what: 'Of the SBC that knows more.',
          shows: 'lines',
          unit: 'count',
          queries: [{ promQl: `max by (cell) (${sbc('contacts', inCell)})`, legend: '{{cell}}' }],
        },
        {
          title: 'Events of calls written to Redis',
          what: 'Two for a call that was answered.',
          shows: 'lines',
          unit: 'messages/s',
          queries: [
            { promQl: `sum by (cell) (${perSecond(sbc('records_total', inCell, 'step="sent"'))})`, legend: '{{cell}}' },
          ],
        },
        {
          title: 'Media hosts that are scraped',
          what: 'A sum over fewer than there are would read as a lower load: the planner then knows nothing.',
          shows: 'lines',
          unit: 'hosts',
          queries: [{ promQl: `count by (cell) (${relay('sessions', inCell, 'type="own"')})`, legend: '{{cell}}' }],
        },
        {
          title: 'Drained media hosts',
          what: 'They count as capacity that may come back.',
          shows: 'lines',
          unit: 'hosts',
          queries: [
            {
              promQl: `sum by (cell) (max by (cell, media) (${sbc('media_host_drained', inCell)}))`,
              legend: '{{cell}}',
            },
          ],
        },
      ],
    },
  ],
};
