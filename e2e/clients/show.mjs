// Plays a track that arrives, as a page would: sound in its audio element, each video in its own.
export function show(track) {
  const element = document.createElement(track.kind === 'video' ? 'video' : 'audio');
  element.muted = track.kind === 'video';
  element.srcObject = new MediaStream([track]);
  document.body.append(element);
  void element.play().catch(() => undefined);
}
