// A cable between a client and the exchange that can be pulled: passes TCP connections on, cuts all
// of them at once, and refuses new ones until it is plugged in again.
import net from 'node:net';

/** Listens on a free port of 127.0.0.1 and connects through to `port`. */
export async function cable(port) {
  const pairs = new Set();
  let plugged = true;
  const server = net.createServer((near) => {
    if (!plugged) {
      near.resetAndDestroy();
      return;
    }
    const far = net.connect(port, '127.0.0.1');
    const pair = [near, far];
    pairs.add(pair);
    const end = () => {
      pairs.delete(pair);
      for (const socket of pair) socket.destroy();
    };
    for (const socket of pair) socket.on('error', end).on('close', end).setNoDelay(true);
    near.pipe(far).pipe(near);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: server.address().port,
    get connections() {
      return pairs.size;
    },
    /** Cuts every connection, as a router does that restarts. */
    pull() {
      plugged = false;
      for (const [near, far] of pairs) {
        near.resetAndDestroy();
        far.resetAndDestroy();
      }
    },
    plug() {
      plugged = true;
    },
    async stop() {
      for (const pair of pairs) for (const socket of pair) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
