// Lets a browser trust an authority, as a user does who imports its certificate: Chromium in the
// database of its home, Firefox in that of its profile (Debian's package libnss3-tools).
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { mustRun } from './tools.mjs';

async function database(folder, authority) {
  const where = `sql:${folder}`;
  await mustRun('certutil', ['-N', '-d', where, '--empty-password']);
  await mustRun('certutil', ['-A', '-d', where, '-n', 'Sidetone', '-t', 'C,,', '-i', authority]);
}

/** Chromium started with this home trusts the authority. */
export async function trustInChromium(home, authority) {
  const folder = path.join(home, '.pki', 'nssdb');
  await mkdir(folder, { recursive: true });
  await database(folder, authority);
}

/** Firefox started with this profile trusts the authority. */
export const trustInFirefox = (profile, authority) => database(profile, authority);
