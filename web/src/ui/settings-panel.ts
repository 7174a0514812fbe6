// The dialog with devices, network, keyboard shortcuts and the log.

import type { Log } from '../log.ts';
import { listDevices } from '../media.ts';
import type { Phone } from '../phone.ts';
import type { View } from './dom.ts';
import { h, icon, say } from './dom.ts';
import { SHORTCUTS } from './keyboard.ts';
import { networkFields } from './network-fields.ts';

export interface SettingsPanel extends View {
  readonly element: HTMLDialogElement;
  open(): void;
}

export function settingsPanel(phone: Phone, log: Log): SettingsPanel {
  const devices = deviceFields(phone);
  const network = networkFields(phone);
  const shortcuts = h(
    'dl',
    { class: 'shortcuts' },
    ...SHORTCUTS.flatMap(([keys, does]) => [h('dt', {}, h('kbd', {}, keys)), h('dd', {}, does)]),
  );
  const close = h(
    'button',
    { type: 'button', class: 'plain', title: 'Close', aria: { label: 'Close' }, on: { click: () => element.close() } },
    icon('close'),
  );
  const logPart = logFields(log);
  const element = h(
    'dialog',
    { class: 'card settings', aria: { label: 'Settings' } },
    h('div', { class: 'row' }, h('h1', {}, 'Settings'), close),
    h('h2', {}, 'Devices'),
    devices.element,
    h('h2', {}, 'Network'),
    network.element,
    h('h2', {}, 'Keyboard'),
    shortcuts,
    h('h2', {}, 'Log'),
    logPart,
  );
  // A click on the backdrop closes, as people expect of a dialog.
  element.addEventListener('click', (event) => event.target === element && element.close());
  return {
    element,
    update: network.update,
    open() {
      network.refresh();
      void devices.refresh();
      element.showModal();
    },
  };
}

function deviceFields(phone: Phone): { element: HTMLElement; refresh: () => Promise<void> } {
  const select = (label: string, choose: (id: string) => void): [HTMLElement, HTMLSelectElement] => {
    const list = h('select', { class: 'input', on: { change: () => choose(list.value) } });
    return [h('label', { class: 'field' }, h('span', {}, label), list), list];
  };
  const [microphoneBox, microphone] = select('Microphone', (id) => phone.configure({ microphone: id }));
  const [cameraBox, camera] = select('Camera', (id) => phone.configure({ camera: id }));
  const [speakerBox, speaker] = select('Loudspeaker', (id) => phone.configure({ speaker: id }));
  const canChoose = typeof HTMLMediaElement.prototype.setSinkId === 'function';
  speaker.disabled = !canChoose;

  const fill = (list: HTMLSelectElement, found: readonly MediaDeviceInfo[], chosen: string): void => {
    const named = found.map(({ deviceId, label }, index) =>
      h('option', { value: deviceId }, label || `Device ${index + 1}`),
    );
    list.replaceChildren(h('option', { value: '' }, 'Default'), ...named);
    list.value = found.some(({ deviceId }) => deviceId === chosen) ? chosen : '';
  };
  const refresh = async (): Promise<void> => {
    const found = await listDevices();
    fill(microphone, found.microphones, phone.settings.microphone);
    fill(camera, found.cameras, phone.settings.camera);
    fill(speaker, found.speakers, phone.settings.speaker);
    if (!canChoose) speaker.replaceChildren(h('option', {}, 'Chosen by the system'));
  };
  navigator.mediaDevices?.addEventListener('devicechange', () => void refresh());
  void refresh();
  return { element: h('div', { class: 'devices' }, microphoneBox, cameraBox, speakerBox), refresh };
}

function logFields(log: Log): HTMLElement {
  const verbose = h('input', {
    type: 'checkbox',
    name: 'debug',
    checked: log.verbose,
    on: { change: () => log.setVerbose(verbose.checked) },
  });
  const label = h('span', {}, 'Copy the log');
  const copy = h(
    'button',
    {
      type: 'button',
      class: 'secondary',
      on: {
        click: async () => {
          await navigator.clipboard.writeText(log.text()).then(
            () => say(label, 'Copied'),
            () => say(label, 'The browser refused to copy'),
          );
          setTimeout(() => say(label, 'Copy the log'), 2000);
        },
      },
    },
    icon('copy'),
    label,
  );
  return h(
    'div',
    { class: 'log' },
    h('label', { class: 'check' }, verbose, 'Detailed log (JsSIP debug)'),
    h('p', { class: 'quiet' }, 'The log holds the SIP messages of this visit, without passwords.'),
    copy,
  );
}
