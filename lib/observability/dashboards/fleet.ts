import { ownFaults } from '../kamailio-pages.ts';
import { perSecond, sbc, type Dashboard } from './dashboard.ts';

const activeSbcs = `sum by (cell) (${sbc('active')})`;
const calls = `max by (cell) (${sbc('calls')})`;

export const fleetDashboard: Dashboard = {
  uid: 'cellstamp-fleet',
  title: 'Cellstamp: fleet',
  what: 'All cells beside one another: which one is worse than the others, and which one is full.',
  variables: [],
  rows: [
    {
      title: 'Now',
      panels: [
        {
          title: 'Cells',
          what: 'Cells whose SBCs are scraped. One less than the fleet has: a cell that nobody watches.',
          shows: 'now',
          unit: 'count',
          queries: [{ promQl: `count(count by (cell) (${sbc('calls')}))`, legend: 'cells' }],
        },
        {
          title: 'Calls',
          what: 'Calls in all cells. Both SBCs of a cell know all of its calls: the larger number counts.',
          shows: 'now',
          unit: 'calls',
          queries: [{ promQl: `sum(${calls})`, legend: 'calls' }],
        },
        {
          title: 'Cells without exactly one active SBC',
          what: 'Anything but 0: a cell that takes no calls, or two SBCs that both think that they do.',
          shows: 'now',
          unit: 'count',
          queries: [{ promQl: `sum(${activeSbcs} != bool 1)`, legend: 'cells' }],
        },
        {
          title: 'Alerts that fire',
          what: 'By severity. docs/alerts.md says what each means.',
          shows: 'now',
          unit: 'count',
          queries: ['P0', 'P1', 'P2', 'P3'].map((severity) => ({
            promQl: `count(ALERTS{alertname=~"Cellstamp.+", alertstate="firing", severity="${severity}"}) or vector(0)`,
            legend: severity,
          })),
        },
      ],
    },
    {
      title: 'Service',
      panels: [
        {
          title: 'Budget of bad calls that is left',
          what: 'Of thirty days: 100 % all of it, 0 % none, below 0 % the objective is missed.',
          shows: 'lines',
          unit: 'share',
          queries: [{ promQl: 'cellstamp:calls_budget_left', legend: '{{cell}}' }],
        },
        {
          title: 'Budget of bad minutes that is left',
          what: 'The same for minutes in which no call of the probe worked. It counts in a quiet cell.',
          shows: 'lines',
          unit: 'share',
          queries: [{ promQl: 'cellstamp:minutes_budget_left', legend: '{{cell}}' }],
        },
        {
          title: 'Calls turned away by a cell’s own fault',
          what: 'By cell. The dashboard of the cell has the reasons.',
          shows: 'lines',
          unit: 'calls/s',
          queries: [
            {
              promQl: `sum by (cell) (${perSecond(sbc('rejected_total', `reason=~"${ownFaults.rejected_total.join('|')}"`))})`,
              legend: '{{cell}}',
            },
          ],
        },
        {
          title: 'Network effectiveness ratio',
          what: 'Calls that reached the called user, over an hour. Usual are 95 % and more; one cell below the others points at its trunks.',
          shows: 'lines',
          unit: 'share',
          queries: [{ promQl: 'cellstamp:network_effectiveness_ratio:1h', legend: '{{cell}}' }],
        },
        {
          title: 'Mean opinion score',
          what: 'As rtpengine estimates it from RTCP, over an hour. 4 and more is good; below 3.6 many callers complain.',
          shows: 'lines',
          unit: 'MOS',
          queries: [{ promQl: 'cellstamp:mean_opinion_score:1h', legend: '{{cell}}' }],
        },
      ],
    },
    {
      title: 'Load',
      panels: [
        {
          title: 'Calls by cell',
          what: 'Calls that are up.',
          shows: 'lines',
          unit: 'calls',
          queries: [{ promQl: calls, legend: '{{cell}}' }],
        },
        {
          title: 'Set-ups by cell',
          what: 'Calls admitted in a second.',
          shows: 'lines',
          unit: 'calls/s',
          queries: [{ promQl: `sum by (cell) (${perSecond(sbc('setups_total'))})`, legend: '{{cell}}' }],
        },
        {
          title: 'How full the media hosts are',
          what: 'Calls of what the media hosts relay with one of them lost. Above 100 %, losing one refuses calls.',
          shows: 'lines',
          unit: 'share',
          queries: [{ promQl: `${calls} / on (cell) cellstamp:calls_limit`, legend: '{{cell}}' }],
        },
      ],
    },
  ],
};
