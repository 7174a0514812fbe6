// How the call sounds, both ways: bars, words, figures.

import type { Direction, Quality, VideoDirection } from '../quality.ts';
import { h, say, show } from './dom.ts';

export interface QualityPanel {
  readonly element: HTMLElement;
  update(quality: Quality | null): void;
}

export function qualityPanel(): QualityPanel {
  const receive = directionRow('You hear');
  const send = directionRow('They hear');
  const rtt = figure('Round trip');
  const videos = h('dl', { class: 'figures quality-videos' });
  const element = h(
    'aside',
    { class: 'card quality', aria: { label: 'Call quality' } },
    h('h2', {}, 'Quality'),
    receive.element,
    send.element,
    h('dl', { class: 'figures' }, ...rtt.elements),
    videos,
  );
  const update = (quality: Quality | null): void => {
    receive.update(quality?.receive ?? null);
    send.update(quality?.send ?? null);
    rtt.set(quality?.rttMs == null ? '–' : `${Math.round(quality.rttMs)} ms`);
    const lines = quality ? videoLines(quality) : [];
    show(videos, lines.length > 0);
    while (videos.children.length > 2 * lines.length) videos.lastElementChild?.remove();
    while (videos.children.length < 2 * lines.length) videos.append(h('dt', {}), h('dd', {}));
    lines.flat().forEach((text, index) => say(videos.children[index] as HTMLElement, text));
  };
  update(null);
  return { element, update };
}

/** Name and figures of every video, arriving ones first. */
function videoLines(quality: Quality): (readonly [string, string])[] {
  const words = (name: string, video: VideoDirection): readonly [string, string] => [
    [name, video.codec].filter(Boolean).join(' '),
    [video.size, `${video.fps}/s`, `${video.kbps} kbit/s`].filter(Boolean).join(' · '),
  ];
  const many = quality.videoReceive.length > 1;
  const received = quality.videoReceive.map((video, index) =>
    words(many ? `Video ${index + 1}` : 'Video in', video),
  );
  return quality.videoSend ? [...received, words('Video out', quality.videoSend)] : received;
}

interface Figure {
  readonly elements: readonly HTMLElement[];
  readonly set: (text: string) => void;
}

function figure(name: string): Figure {
  const value = h('dd', {}, '–');
  return { elements: [h('dt', {}, name), value], set: (text) => say(value, text) };
}

function directionRow(title: string): {
  readonly element: HTMLElement;
  readonly update: (direction: Direction | null) => void;
} {
  const bars = h('span', { class: 'bars', role: 'img' }, h('i'), h('i'), h('i'), h('i'));
  const words = h('span', { class: 'quality-words', role: 'status' });
  const jitter = figure('Jitter');
  const loss = figure('Loss');
  const rate = figure('Bit rate');
  const codec = figure('Codec');
  const element = h(
    'div',
    { class: 'direction' },
    h('div', { class: 'row' }, h('span', { class: 'direction-title' }, title), bars),
    words,
    h(
      'dl',
      { class: 'figures' },
      ...jitter.elements,
      ...loss.elements,
      ...rate.elements,
      ...codec.elements,
    ),
  );
  const update = (direction: Direction | null): void => {
    bars.dataset['level'] = direction ? String(direction.bars) : '';
    bars.setAttribute('aria-label', `${direction?.bars ?? 0} of 4 bars`);
    say(words, direction?.words ?? 'Measuring…');
    jitter.set(direction?.jitterMs == null ? '–' : `${direction.jitterMs.toFixed(0)} ms`);
    loss.set(direction?.loss == null ? '–' : `${direction.loss.toFixed(1)} %`);
    rate.set(direction ? `${direction.kbps} kbit/s` : '–');
    codec.set(direction?.codec || '–');
  };
  return { element, update };
}
