// The picture area of a call: one tile per arriving video, the own camera in the corner, or the
// round picture of the other side when there is no video.

import type { Call } from '../state.ts';
import { phaseWords } from '../state.ts';
import { h, initials, say, show } from './dom.ts';

export interface Stage {
  readonly element: HTMLElement;
  update(call: Call): void;
}

export function stage(): Stage {
  const grid = h('div', { class: 'videos' });
  const preview = h('video', { class: 'preview', autoplay: true, playsInline: true, muted: true, aria: { label: 'Your camera' } });
  const avatar = h('div', { class: 'avatar large', aria: { hidden: 'true' } });
  const name = h('h1', {});
  const words = h('p', { class: 'phase', role: 'status' });
  const person = h('div', { class: 'person' }, avatar, name, words);
  const label = h('div', { class: 'stage-label' });
  const element = h('div', { class: 'stage' }, grid, person, label, preview);
  const tiles = new Map<MediaStream, HTMLVideoElement>();

  const showVideos = (streams: readonly MediaStream[]): void => {
    for (const [stream, tile] of tiles) {
      if (streams.includes(stream)) continue;
      tile.srcObject = null;
      tile.remove();
      tiles.delete(stream);
    }
    for (const stream of streams) {
      if (tiles.has(stream)) continue;
      const tile = h('video', { class: 'tile', autoplay: true, playsInline: true, muted: true });
      tile.srcObject = stream;
      tiles.set(stream, tile);
      grid.append(tile);
    }
    [...tiles.values()].forEach((tile, index) => {
      tile.setAttribute('aria-label', `Video ${index + 1} of ${tiles.size}`);
    });
    grid.dataset['count'] = String(tiles.size);
  };

  const update = (call: Call): void => {
    showVideos(call.remoteVideos);
    const withVideo = call.remoteVideos.length > 0;
    element.classList.toggle('with-video', withVideo);
    show(grid, withVideo);
    show(person, !withVideo);
    say(avatar, initials(call.name));
    say(name, call.name);
    say(words, phaseWords(call));
    show(label, withVideo);
    say(label, [call.name, phaseWords(call)].filter(Boolean).join(' · '));
    if (preview.srcObject !== call.localVideo) preview.srcObject = call.localVideo;
    show(preview, call.localVideo !== null);
  };
  return { element, update };
}
