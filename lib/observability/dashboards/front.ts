import { edge, perSecond, type Dashboard } from './dashboard.ts';

const inRegion = 'region=~"$region"';

export const frontDashboard: Dashboard = {
  uid: 'cellstamp-front',
  title: 'Cellstamp: front',
  what: 'The edges, region by region: whether they take traffic, where it goes, and what they refuse.',
  variables: [{ name: 'region', title: 'Region', of: edge('edge_calls') }],
  rows: [
    {
      title: 'Traffic',
      panels: [
        {
          title: 'Edges that answer',
          what: 'By region. One less than the region has: its traffic is on the others.',
          shows: 'lines',
          unit: 'hosts',
          queries: [{ promQl: `sum by (region) (up{${inRegion}, host=~".+-edge-.+"})`, legend: '{{region}}' }],
        },
        {
          title: 'Calls by edge',
          what: 'Calls that go through it. A drained edge is empty at 0.',
          shows: 'lines',
          unit: 'calls',
          queries: [{ promQl: edge('edge_calls', inRegion), legend: '{{host}}' }],
        },
        {
          title: 'Requests sent on to cells',
          what: 'By method.',
          shows: 'lines',
          unit: 'messages/s',
          queries: [
            {
              promQl: `sum by (region, method) (${perSecond(edge('edge_requests', inRegion))})`,
              legend: '{{region}} {{method}}',
            },
          ],
        },
      ],
    },
    {
      title: 'Trouble',
      panels: [
        {
          title: 'Requests refused or dropped',
          what: 'cell_unreachable: no SBC of a cell answers. unknown_tenant: nobody has this domain, number or source. unproved_…: forged, or the keys differ.',
          shows: 'lines',
          unit: 'messages/s',
          queries: [
            {
              promQl: `sum by (region, reason) (${perSecond(edge('edge_rejected', inRegion))})`,
              legend: '{{region}} {{reason}}',
            },
          ],
        },
        {
          title: 'Handed over between edges',
          what: 'What belongs to another edge’s calls: many after a route has changed, none otherwise.',
          shows: 'lines',
          unit: 'messages/s',
          queries: [
            {
              promQl: `sum by (host) (${perSecond(edge('edge_handed_over', inRegion))})`,
              legend: '{{host}} handed over',
            },
            {
              promQl: `sum by (host) (${perSecond(edge('edge_taken_over', inRegion))})`,
              legend: '{{host}} taken over',
            },
          ],
        },
        {
          title: 'Clock against the cells',
          what: 'Seconds to the cell that is furthest away. Above 5 an alert fires.',
          shows: 'lines',
          unit: 'seconds',
          queries: [{ promQl: edge('edge_clock_offset_seconds', inRegion), legend: '{{host}}' }],
        },
        {
          title: 'Messages that nobody can read',
          what: 'Scanners send some all the time; many from one day on: a device that is broken.',
          shows: 'lines',
          unit: 'messages/s',
          queries: [
            {
              promQl: `sum by (host, what) (${perSecond(edge('edge_unreadable', inRegion))})`,
              legend: '{{host}} {{what}}',
            },
          ],
        },
      ],
    },
  ],
};
