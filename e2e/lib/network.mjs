// A network of one's own for programs of a story: every port is free, nothing else is reached. It has
// an address like a machine on a local network has. Needs no root where users may make namespaces.
import { chmod, writeFile } from 'node:fs/promises';
import { mustRun, run, until } from './tools.mjs';

/** The address of the machine in that network. */
export const ADDRESS = '10.20.30.40';

const SETUP = [
  'ip link set lo up',
  'ip link add near type veth peer name far',
  `ip address add ${ADDRESS}/24 dev near`,
  'ip link set near up',
  'ip link set far up',
  'echo ready',
  'exec sleep 3600',
].join(' && ');

/** Makes the network. `enter` is put before a command that is to run in it. */
export async function ownNetwork() {
  const asRoot = process.getuid() === 0;
  const holder = run('unshare', [...(asRoot ? ['-n'] : ['-r', '-n']), 'sh', '-c', SETUP], {});
  await until('the network to be made', () => {
    if (!holder.running) throw new Error(holder.text);
    return /ready/.test(holder.text);
  });
  const target = ['-t', String(holder.pid)];
  const enter = ['nsenter', ...target, ...(asRoot ? ['-n'] : ['-U', '--preserve-credentials', '-n'])];
  return {
    enter,
    /** Writes a program to `file` that starts `command` in the network, for those who take a path. */
    async wrapper(file, command) {
      await writeFile(file, `#!/bin/sh\nexec ${enter.join(' ')} ${command} "$@"\n`);
      await chmod(file, 0o755);
      return file;
    },
    /** Runs a command in the network to its end. */
    within: (...command) => mustRun(enter[0], [...enter.slice(1), ...command]),
    stop: () => holder.stop(),
  };
}
