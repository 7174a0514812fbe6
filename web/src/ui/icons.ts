// Line drawings on a 24 × 24 grid, drawn for this phone.

const drawings = {
  phone: [
    'M5.5 3.5h3l1.8 4.6-2.2 1.7a12 12 0 0 0 6.1 6.1l1.7-2.2 4.6 1.8v3a2 2 0 0 1-2.2 2A17 17 0 0 1 3.5 5.7a2 2 0 0 1 2-2.2z',
  ],
  'hang-up': [
    'M3 14.5c-.6-1.4-.4-2.7.5-3.5 4.7-4 12.3-4 17 0 .9.8 1.1 2.1.5 3.5l-.5 1.2-4.5-1-.3-2.9a11.5 11.5 0 0 0-7.4 0l-.3 2.9-4.5 1z',
  ],
  microphone: ['M12 3a3 3 0 0 0-3 3v5a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3z', 'M5.5 11a6.5 6.5 0 0 0 13 0', 'M12 17.5V21'],
  'microphone-off': [
    'M9 9v2a3 3 0 0 0 4.6 2.5',
    'M15 10.5V6a3 3 0 0 0-5.8-1',
    'M5.5 11a6.5 6.5 0 0 0 10.5 5.1',
    'M18.5 11a6.5 6.5 0 0 1-.5 2.5',
    'M12 17.5V21',
    'M4 4l16 16',
  ],
  camera: ['M4 6.5h9a2 2 0 0 1 2 2v7a2 2 0 0 1-2 2H4a1.5 1.5 0 0 1-1.5-1.5V8A1.5 1.5 0 0 1 4 6.5z', 'M15 11l6-3.5v9L15 13'],
  'camera-off': [
    'M9.5 6.5H13a2 2 0 0 1 2 2V12',
    'M14.5 16.5a2 2 0 0 1-1.5 1H4A1.5 1.5 0 0 1 2.5 16V8A1.5 1.5 0 0 1 4 6.5h.5',
    'M15 11l6-3.5v9',
    'M4 4l16 16',
  ],
  pause: ['M8.5 5.5v13', 'M15.5 5.5v13'],
  resume: ['M8 5.2v13.6L18.5 12z'],
  keypad: ['M6 5h.01', 'M12 5h.01', 'M18 5h.01', 'M6 11h.01', 'M12 11h.01', 'M18 11h.01', 'M6 17h.01', 'M12 17h.01', 'M18 17h.01'],
  settings: ['M4 7h9', 'M17 7h3', 'M15 5v4', 'M4 17h3', 'M11 17h9', 'M9 15v4'],
  'sign-out': ['M14 4.5H6.5a1 1 0 0 0-1 1v13a1 1 0 0 0 1 1H14', 'M10 12h10', 'M16.5 8.5L20 12l-3.5 3.5'],
  close: ['M6 6l12 12', 'M18 6L6 18'],
  erase: ['M9 5.5h11a1 1 0 0 1 1 1v11a1 1 0 0 1-1 1H9L3 12z', 'M12 9.5l5 5', 'M17 9.5l-5 5'],
  incoming: ['M18 6L7 17', 'M7 9v8h8'],
  outgoing: ['M6 18L17 7', 'M9 7h8v8'],
  copy: ['M9 9h10.5v10.5H9z', 'M15 9V4.5H4.5V15H9'],
} as const;

export type IconName = keyof typeof drawings;

export const ICONS: Readonly<Record<IconName, readonly string[]>> = drawings;
