/** A thread of `synthesise`: does its share of the cells and hands back what it wrote. */
import { parentPort, workerData } from 'node:worker_threads';
import { writeStacks, type Synthesis } from './write-stacks.ts';

parentPort!.postMessage(writeStacks(workerData as Synthesis));
