import { defineConfig } from 'vitest/config';

const boot = ['test/**/*.boot.test.ts'];
const terraform = ['test/terraform/**/*.test.ts'];
const front = ['test/end-to-end/front/*.test.ts'];
const cell = ['test/end-to-end/cell/*.test.ts'];
/** Too long for every run: npm run faults. */
const faults = ['test/**/*.faults.test.ts'];
/** A cell on a cluster of Kubernetes, where there is one. */
const kubernetes = ['test/end-to-end/kubernetes/*.test.ts'];
const local = ['test/targets/local/**/*.test.ts'];
const published = ['test/package/**/*.test.ts'];

export default defineConfig({
  test: {
    projects: [
      // Pure parts and sockets on loopback: seconds.
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [...boot, ...terraform, ...local, ...cell, ...front, ...faults, ...published, ...kubernetes],
          maxWorkers: 2,
          testTimeout: 60_000,
          // A file's imports take longer than most of the tests: modules that are loaded serve the next file, too.
          isolate: false,
        },
      },
      // One daemon at a time with its generated configuration, and the generated files through their real checkers.
      { test: { name: 'boot', include: boot, fileParallelism: false, testTimeout: 60_000, hookTimeout: 60_000 } },
      // Real Terraform and an AWS API emulator.
      {
        test: {
          name: 'terraform',
          include: terraform,
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      // The package as npm would publish it, in other people's projects.
      {
        test: {
          name: 'package',
          include: published,
          globalSetup: 'test/package/archive.ts',
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      // A cell and a front on this machine: up, down, killed, asked.
      {
        test: {
          name: 'local',
          include: local,
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 120_000,
        },
      },
      // Whole cells in network namespaces, real calls. Mostly they wait: for timers of SIP, and for audio.
      {
        test: {
          name: 'cell',
          include: cell,
          exclude: faults,
          maxWorkers: 2,
          testTimeout: 180_000,
          hookTimeout: 120_000,
        },
      },
      // A whole cluster, of which there can be one on a machine.
      {
        test: {
          name: 'kubernetes',
          include: kubernetes,
          exclude: faults,
          fileParallelism: false,
          testTimeout: 240_000,
          hookTimeout: 120_000,
        },
      },
      // Minutes each, and most of a machine.
      {
        test: {
          name: 'faults',
          include: faults,
          fileParallelism: false,
          testTimeout: 500_000,
          hookTimeout: 120_000,
        },
      },
      // Two cells behind the front: two dozen hosts.
      {
        test: {
          name: 'front',
          include: front,
          exclude: faults,
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
