// Debian's Chromium (Playwright) and Firefox (WebDriver BiDi, through Puppeteer) with made-up
// microphones and cameras, behind one small interface: a page that can open, evaluate and shoot.
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { chromium } from 'playwright-core';
import puppeteer from 'puppeteer-core';

const CHROMIUM = process.env.CHROMIUM_BIN ?? '/usr/bin/chromium';
const FIREFOX = process.env.FIREFOX_BIN ?? '/usr/bin/firefox-esr';

/** Nothing of the browser's own may try to leave the machine. */
const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Media between programs of one machine, and sound without a click. */
const CALLS = ['--autoplay-policy=no-user-gesture-required', '--allow-loopback-in-peer-connection'];

/**
 * Starts Chromium. `page(options)` opens a window of its own, with its own storage. With `speaks`,
 * a WAV file, all microphones say that. What a story switches off is as a user finds it:
 * `asks`: the microphone is given only where `page.allow` allows it to; `devices: false`:
 * there are none; `trusts`: `everything`, or only what the authorities in `home` sign. `program`
 * starts Chromium in another way.
 */
export async function startChromium({
  speaks,
  asks = false,
  devices = true,
  trusts = 'everything',
  home,
  program = CHROMIUM,
} = {}) {
  const trusting = trusts === 'everything';
  const args = [
    ...QUIET,
    ...CALLS,
    ...(devices ? ['--use-fake-device-for-media-stream=device-count=3'] : []),
    ...(asks ? [] : ['--use-fake-ui-for-media-stream']),
    ...(trusting ? ['--ignore-certificate-errors'] : []),
    ...(speaks ? [`--use-file-for-fake-audio-capture=${speaks}`] : []),
  ];
  const env = { ...process.env, ...(home ? { HOME: home } : {}) };
  const browser = await chromium.launch({ executablePath: program, args, env });
  const open = new Set();
  return {
    async page(options = {}) {
      const context = await browser.newContext({
        ignoreHTTPSErrors: trusting,
        viewport: { width: 1280, height: 800 },
        ...options,
      });
      const page = await context.newPage();
      open.add(context);
      return wrap(page, {
        offline: (on) => context.setOffline(on),
        /** What a user decides in the dialogs: these devices are given to `origin`, others refused. */
        allow: (devices, origin) => context.grantPermissions(devices, { origin }),
        inspect: () => context.newCDPSession(page),
      });
    },
    /** Closes every window, so that it does not ring in the next story. */
    closePages: () => closeAll(open),
    stop: () => browser.close(),
  };
}

/**
 * Starts Firefox with an empty profile. `trusts`: `everything`, or only what the authorities of its
 * `profile` sign.
 */
export async function startFirefox({ trusts = 'everything', profile: given } = {}) {
  const profile = given ?? (await mkdtemp(path.join(os.tmpdir(), 'sidetone-firefox-')));
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath: FIREFOX,
    headless: true,
    acceptInsecureCerts: trusts === 'everything',
    userDataDir: profile,
    protocolTimeout: 60_000,
    extraPrefsFirefox: {
      'media.navigator.streams.fake': true,
      'media.navigator.permission.disabled': true,
      'media.autoplay.default': 0,
      'media.autoplay.blocking_policy': 0,
      'media.peerconnection.ice.loopback': true,
      'media.peerconnection.ice.obfuscate_host_addresses': false,
      // No codec download, no look-ups of the browser's own.
      'media.gmp-manager.updateEnabled': false,
      'media.gmp-provider.enabled': false,
      'network.connectivity-service.enabled': false,
      'network.captive-portal-service.enabled': false,
      'app.normandy.enabled': false,
      'services.settings.server': 'data:,',
    },
  });
  const open = new Set();
  return {
    async page() {
      const page = await browser.newPage();
      open.add(page);
      return wrap(page, {});
    },
    closePages: () => closeAll(open),
    async stop() {
      await browser.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}

async function closeAll(open) {
  for (const one of open) {
    open.delete(one);
    await one.close();
  }
}

function wrap(page, extra) {
  const errors = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  return {
    errors,
    raw: page,
    open: (url) => page.goto(url),
    evaluate: (...args) => page.evaluate(...args),
    shoot: (file) => page.screenshot({ path: file }),
    ...extra,
  };
}
